import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Database } from '../../src/homeserver/store/database/database.js';
import fc from 'fast-check';
import type { DbTransaction, DbValue } from '../../src/module-api/db-transaction.js';
import { ModuleTransactions } from '../../src/homeserver/store/database/module-transactions.js';

function open(t: TestContext): Database {
  const database = new Database(':memory:', [
    { name: 'test', versions: ['CREATE TABLE words (word TEXT PRIMARY KEY, count INTEGER NOT NULL)'] },
  ]);
  t.after(() => {
    database[Symbol.dispose]();
  });
  return database;
}

function run<Result>(database: Database, work: (txn: DbTransaction) => Promise<Result>): Promise<Result> {
  return new ModuleTransactions(database).run('test', work);
}

const words = (database: Database): readonly object[] => database.all('SELECT * FROM words ORDER BY word');
const plain = (rows: readonly object[]): unknown => JSON.parse(JSON.stringify(rows));

test('a transaction reads what it wrote, and all of it stays', async (t) => {
  const database = open(t);
  const result = await run(database, async (txn) => {
    await txn.executemany('INSERT INTO words VALUES (?, ?)', [
      ['a', 1],
      ['b', 2],
    ]);
    assert.equal(txn.rowcount, 2);
    assert.equal(txn.description, null);
    await txn.execute('UPDATE words SET count = count + 1 WHERE count > ?', [0]);
    assert.equal(txn.rowcount, 2);
    await txn.execute('SELECT word, count FROM words ORDER BY word');
    assert.deepEqual(txn.description, ['word', 'count']);
    assert.equal(txn.rowcount, -1);
    return [await txn.fetchone(), await txn.fetchall(), await txn.fetchone()];
  });
  assert.deepEqual(result, [['a', 2], [['b', 3]], undefined]);
  assert.deepEqual(plain(words(database)), [
    { word: 'a', count: 2 },
    { word: 'b', count: 3 },
  ]);
});

test('rows are read in portions or one by one', async (t) => {
  const database = open(t);
  for (const word of ['a', 'b', 'c', 'd']) database.run('INSERT INTO words VALUES (?, 1)', word);
  const read = await run(database, async (txn) => {
    await txn.execute('SELECT word FROM words ORDER BY word');
    const first = await txn.fetchmany(2);
    const rest: unknown[] = [];
    for await (const [word] of txn) rest.push(word);
    return [first, rest];
  });
  assert.deepEqual(read, [
    [['a'], ['b']],
    ['c', 'd'],
  ]);
});

test('a throw leaves nothing behind, and what should follow the commit does not', async (t) => {
  const database = open(t);
  let isCalled = false;
  const work = run(database, async (txn) => {
    await txn.execute("INSERT INTO words VALUES ('a', 1)");
    txn.callAfter(() => (isCalled = true));
    throw new Error('no');
  });
  await assert.rejects(work, /no/);
  assert.deepEqual(words(database), []);
  assert.equal(isCalled, false);
});

test('what the homeserver writes meanwhile stays, whatever becomes of the transaction', async (t) => {
  const table = fc.constantFrom('words', 'own');
  const step = fc.record({
    who: fc.constantFrom('module', 'homeserver', 'homeserver that fails', 'somebody waits'),
    table,
    word: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    ending: fc.constantFrom('', ' OR IGNORE', ' OR REPLACE'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.boolean(), async (steps, isCommitted) => {
      const database = open(t);
      database.run('CREATE TABLE own (word TEXT PRIMARY KEY, count INTEGER)');
      const expected = new Set<string>();
      const [ofModule, ofHomeserver] = ['own', 'words'];
      const work = run(database, async (txn) => {
        await txn.execute('CREATE TABLE fresh (a)');
        for (const { who, word, ending } of steps) {
          const insert = (into: string): string => `INSERT${ending} INTO ${into} VALUES ('${word}', 1)`;
          if (who === 'module') {
            await txn.execute(insert(ofModule)).catch((error: unknown) => {
              assert.match(String(error), /UNIQUE/);
            });
            if (isCommitted) expected.add(`own ${word}`);
          } else if (who === 'somebody waits') {
            await new Promise(setImmediate);
          } else {
            const write = (): void => {
              database.transaction(() => {
                database.all(`${insert(ofHomeserver)} RETURNING word`);
                if (who !== 'homeserver') throw new RangeError('no');
              });
            };
            if (who !== 'homeserver') assert.throws(write);
            else {
              try {
                write();
              } catch (error) {
                assert.match(String(error), /UNIQUE/);
              }
              expected.add(`words ${word}`);
            }
          }
        }
        if (!isCommitted) throw new RangeError('undone');
      });
      await (isCommitted ? work : assert.rejects(work, RangeError));
      const found = ['own', 'words'].flatMap((name) =>
        database.all<{ word: string }>(`SELECT word FROM ${name}`).map(({ word }) => `${name} ${word}`),
      );
      assert.deepEqual(new Set(found), expected);
      const fresh = database.all("SELECT 1 FROM sqlite_master WHERE name = 'fresh'");
      assert.equal(fresh.length, isCommitted ? 1 : 0);
    }),
    { numRuns: 60 },
  );
});

test('transactions wait for each other, and each runs once', async (t) => {
  const database = open(t);
  database.run("INSERT INTO words VALUES ('a', 0)");
  const transactions = new ModuleTransactions(database);
  let runs = 0;
  await Promise.all(
    Array.from({ length: 20 }, () =>
      transactions.run('count', async (txn) => {
        runs++;
        await txn.execute("SELECT count, hex(randomblob(8)) FROM words WHERE word = 'a' ORDER BY random()");
        const [count = 0] = (await txn.fetchone()) ?? [];
        await new Promise(setImmediate);
        await txn.execute("UPDATE words SET count = ? WHERE word = 'a' RETURNING hex(randomblob(8))", [
          Number(count) + 1,
        ]);
      }),
    ),
  );
  assert.equal(runs, 20);
  assert.deepEqual(plain(words(database)), [{ word: 'a', count: 20 }]);
});

test('a conflict that rolls everything back keeps what the homeserver wrote, and the function goes on', async (t) => {
  const database = open(t);
  await run(database, async (txn) => {
    await txn.execute("INSERT INTO words VALUES ('lost', 1)");
    database.run("INSERT INTO words VALUES ('homeserver', 1)");
    await assert.rejects(txn.execute("INSERT OR ROLLBACK INTO words VALUES ('homeserver', 2)"), {
      type: 'IntegrityError',
    });
    await txn.execute("INSERT INTO words VALUES ('later', 1)");
  });
  assert.deepEqual(
    database.all<{ word: string }>('SELECT word FROM words ORDER BY word').map(({ word }) => word),
    ['homeserver', 'later'],
  );
});

test('a constraint that is checked at the end undoes the transaction only', async (t) => {
  const database = open(t);
  const work = run(database, async (txn) => {
    await txn.execute('CREATE TABLE own (word TEXT REFERENCES words (word) DEFERRABLE INITIALLY DEFERRED)');
    await txn.execute("INSERT INTO own VALUES ('nowhere')");
    database.run("INSERT INTO words VALUES ('homeserver', 1)");
  });
  await assert.rejects(work, { type: 'IntegrityError' });
  assert.equal(words(database).length, 1);
});

test('a transaction that takes too long is rolled back, and lets the next begin', async (t) => {
  const database = open(t);
  const due: (() => void)[] = [];
  const timers = {
    now: () => 0,
    after: (ms: number, call: () => void) => {
      assert.equal(ms, 60_000);
      due.push(call);
      return { cancel: () => undefined };
    },
  };
  const transactions = new ModuleTransactions(database, timers);
  let goOn: (() => void) | undefined;
  const going = new Promise<void>((resolve) => (goOn = resolve));
  let late: Promise<unknown> | undefined;
  const hanging = transactions.run('hang', async (txn) => {
    await txn.execute("INSERT INTO words VALUES ('a', 1)");
    await going;
    late = txn.execute('SELECT 1');
    await late;
  });
  const next = transactions.run('next', (txn) => txn.execute("INSERT INTO words VALUES ('b', 1)"));
  await new Promise(setImmediate);
  for (const call of due) call();
  await assert.rejects(hanging, { type: 'RuntimeError', message: 'the transaction took longer than 60 s' });
  await next;
  goOn?.();
  await new Promise(setImmediate);
  await assert.rejects(async () => late, { code: 'SYNAPSE_HANDLE_ENDED' });
  assert.deepEqual(plain(words(database)), [{ word: 'b', count: 1 }]);
});

test('closing the database undoes what is open, and nothing else', async (t) => {
  const file = join(await mkdtemp(join(tmpdir(), 'vesicle-')), 'homeserver.db');
  t.after(() => rm(dirname(file), { recursive: true }));
  const schema = [{ name: 'test', versions: ['CREATE TABLE words (word TEXT PRIMARY KEY, count INTEGER NOT NULL)'] }];
  const first = new Database(file, schema);
  const work = run(first, async (txn) => {
    await txn.execute("INSERT INTO words VALUES ('module', 1)");
    first.run("INSERT INTO words VALUES ('homeserver', 1)");
    first[Symbol.dispose]();
    throw new Error('no');
  });
  await assert.rejects(work, /no/);
  using second = new Database(file, schema);
  assert.deepEqual(plain(words(second)), [{ word: 'homeserver', count: 1 }]);
});

test('ten thousand rows take a fraction of a second, and the homeserver is not kept waiting', async (t) => {
  const database = open(t);
  for (const way of ['executemany', 'execute'] as const) {
    const rows = Array.from({ length: 10_000 }, (_, index) => [`${way} ${index}`, index] as const);
    let longest = 0;
    let turns = 0;
    let before = performance.now();
    const watch = setInterval(() => {
      turns++;
      longest = Math.max(longest, performance.now() - before);
      before = performance.now();
      database.run('UPDATE words SET count = count WHERE word = ?', 'execute 0');
    });
    const start = process.cpuUsage();
    await run(database, async (txn) => {
      const insert = 'INSERT INTO words VALUES (?, ?)';
      if (way === 'executemany') await txn.executemany(insert, rows);
      else for (const row of rows) await txn.execute(insert, row);
    });
    const { user } = process.cpuUsage(start);
    clearInterval(watch);
    assert.ok(user < 300_000, `${way}: ${user / 1000} ms`);
    assert.ok(turns >= 2, `${way}: ${turns} turns, the longest ${longest} ms`);
  }
  assert.equal(words(database).length, 20_000);
});

for (const [what, sql, type] of [
  ['an unknown table', 'SELECT nothing FROM nowhere', 'OperationalError'],
  ['no SQL', 'SELEKT', 'OperationalError'],
  ['a row that is there', "INSERT INTO words VALUES ('a', 1)", 'IntegrityError'],
  ['a missing value', "INSERT INTO words VALUES ('b', NULL)", 'IntegrityError'],
  ['an end of the transaction', 'COMMIT', 'OperationalError'],
] as const) {
  test(`${what} is Python's ${type}`, async (t) => {
    const database = open(t);
    database.run("INSERT INTO words VALUES ('a', 1)");
    await assert.rejects(
      run(database, (txn) => txn.execute(sql)),
      { type },
    );
    assert.equal(words(database).length, 1);
  });
}

const unfit: readonly (readonly [what: string, sql: string, values: readonly unknown[], type: string])[] = [
  ['too many values', 'SELECT ?', [1, 2], 'ProgrammingError'],
  ['too few values', 'INSERT INTO words VALUES (?, ?)', ['b'], 'ProgrammingError'],
  ['no values', 'SELECT ?', [], 'ProgrammingError'],
  ['too few for numbered placeholders', 'SELECT ?1, ?3', [1, 2], 'ProgrammingError'],
  ['two statements', "INSERT INTO words VALUES ('b', 1); INSERT INTO words VALUES ('c', 1)", [], 'ProgrammingError'],
  ['a second semicolon', 'SELECT 1;;', [], 'ProgrammingError'],
  ['a statement behind a comment', 'SELECT 1; -- one\n SELECT 2', [], 'ProgrammingError'],
  ['a null character', 'SELECT 1\0', [], 'ProgrammingError'],
  ['half a character', 'SELECT ?', ['\ud800'], 'UnicodeEncodeError'],
  ['not a number', 'SELECT ?', [NaN], 'ProgrammingError'],
  ['a number beyond 64 bits', 'SELECT ?', [2n ** 63n], 'OverflowError'],
  ['a whole number beyond 64 bits', 'SELECT ?', [1e19], 'OverflowError'],
  ['undefined', 'SELECT ?', [undefined], 'ProgrammingError'],
  ['a list', 'SELECT ?', [[1]], 'ProgrammingError'],
  ['an object', 'SELECT ?', [{ a: 1 }], 'ProgrammingError'],
  ['a date', 'SELECT ?', [new Date(0)], 'ProgrammingError'],
];

for (const [what, sql, values, type] of unfit) {
  test(`${what}: Python's ${type}, and the transaction goes on`, async (t) => {
    const database = open(t);
    await run(database, async (txn) => {
      await txn.execute("INSERT INTO words VALUES ('a', 1)");
      await assert.rejects(txn.execute(sql, values as readonly DbValue[]), { type });
      assert.equal(txn.description, null);
      // A query is refused before its values are looked at.
      const many = sql.startsWith('SELECT') ? 'ProgrammingError' : type;
      await assert.rejects(txn.executemany(sql, [values as readonly DbValue[]]), { type: many });
    });
    assert.equal(words(database).length, 1);
  });
}

test('executemany is not for queries', async (t) => {
  const database = open(t);
  const work = run(database, (txn) => txn.executemany('SELECT ?', []));
  await assert.rejects(work, { type: 'ProgrammingError', message: 'executemany() can only execute DML statements.' });
});

test('values come back as they went in, whole numbers as bigint where they must', async (t) => {
  const database = open(t);
  const edge = 2n ** 53n;
  const value = fc.oneof(
    fc.constantFrom(null, '', "it's ?", 'SELECT', '\u{1f600}', edge, -edge, edge - 1n, -(2n ** 63n), 2n ** 63n - 1n),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }).filter((number) => !Number.isInteger(number)),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
  );
  const asRead = (given: DbValue): DbValue =>
    typeof given === 'bigint' && given < edge && given > -edge ? Number(given) : given;
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 8 }), async (values) => {
      const row = await run(database, async (txn) => {
        await txn.execute(`SELECT ${values.map(() => '?').join(', ')} -- ? /* ?`, values);
        return txn.fetchone();
      });
      assert.deepEqual(row, values.map(asRead));
    }),
  );
});

test('a whole number is an integer, as in Python', async (t) => {
  const database = open(t);
  const row = await run(database, async (txn) => {
    await txn.execute('SELECT 1 / ?, typeof(?), ?2 || "", typeof(?)'.replace('""', "''"), [2, 3, 4.5]);
    return txn.fetchone();
  });
  assert.deepEqual(row, [0, 'integer', '3', 'real']);
});

test('a statement after the end is refused, one that nobody waited for is not lost', async (t) => {
  const database = open(t);
  let kept: DbTransaction | undefined;
  await run(database, async (txn) => {
    kept = txn;
    void txn.execute("INSERT INTO words VALUES ('a', 1)");
    await Promise.resolve();
  });
  assert.equal(words(database).length, 1);
  for (const late of [
    () => kept?.execute("INSERT INTO words VALUES ('b', 1)"),
    () => kept?.executemany("INSERT INTO words VALUES ('b', ?)", [[1]]),
    () => kept?.fetchone(),
    () => kept?.fetchmany(1),
    () => kept?.fetchall(),
  ]) {
    await assert.rejects(async () => late(), { code: 'SYNAPSE_HANDLE_ENDED' });
  }
  assert.equal(words(database).length, 1);
});

test('rows that a statement returns while it writes are written once', async (t) => {
  const database = open(t);
  const rows = await run(database, async (txn) => {
    await txn.execute("INSERT INTO words VALUES ('a', 1) RETURNING word");
    const returned = await txn.fetchall();
    await txn.execute('CREATE TABLE more (n INTEGER)');
    await txn.execute('INSERT INTO more VALUES (5)');
    await txn.execute('SELECT n FROM more');
    return [returned, await txn.fetchall()];
  });
  assert.deepEqual(rows, [[['a']], [[5]]]);
  assert.equal(words(database).length, 1);
});
