import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Database } from '../../src/homeserver/store/database.js';
import { runModuleTransaction } from '../../src/homeserver/store/module-transaction.js';

function open(t: TestContext): Database {
  const database = new Database(':memory:', [
    { name: 'test', versions: ['CREATE TABLE words (word TEXT PRIMARY KEY, count INTEGER NOT NULL)'] },
  ]);
  t.after(() => {
    database[Symbol.dispose]();
  });
  return database;
}

const words = (database: Database): readonly object[] => database.all('SELECT * FROM words ORDER BY word');
const plain = (rows: readonly object[]): unknown => JSON.parse(JSON.stringify(rows));

test('a transaction reads what it wrote, and all of it stays', async (t) => {
  const database = open(t);
  const result = await runModuleTransaction(database, async (txn) => {
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
  const read = await runModuleTransaction(database, async (txn) => {
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
  const work = runModuleTransaction(database, async (txn) => {
    await txn.execute("INSERT INTO words VALUES ('a', 1)");
    txn.callAfter(() => (isCalled = true));
    throw new Error('no');
  });
  await assert.rejects(work, /no/);
  assert.deepEqual(words(database), []);
  assert.equal(isCalled, false);
});

test('nobody else sees a transaction before it is complete', async (t) => {
  const database = open(t);
  let isCalled = false;
  await runModuleTransaction(database, async (txn) => {
    await txn.execute("INSERT INTO words VALUES ('a', 1)");
    assert.deepEqual(words(database), []);
    database.run("INSERT INTO words VALUES ('other', 1)");
    txn.callAfter(() => (isCalled = true));
  });
  assert.equal(isCalled, true);
  assert.equal(words(database).length, 2);
});

test('a function runs again when what it had read is no longer true', async (t) => {
  const database = open(t);
  database.run("INSERT INTO words VALUES ('a', 1)");
  let runs = 0;
  await runModuleTransaction(database, async (txn) => {
    runs++;
    await txn.execute("SELECT count FROM words WHERE word = 'a'");
    const [count = 0] = (await txn.fetchone()) ?? [];
    if (runs === 1) database.run("UPDATE words SET count = 10 WHERE word = 'a'");
    await txn.execute("UPDATE words SET count = ? WHERE word = 'a'", [Number(count) + 1]);
  });
  assert.equal(runs, 2);
  assert.deepEqual(plain(words(database)), [{ word: 'a', count: 11 }]);
});

test('a function that is always overtaken gives up', async (t) => {
  const database = open(t);
  database.run("INSERT INTO words VALUES ('a', 1)");
  const work = runModuleTransaction(database, async (txn) => {
    await txn.execute('SELECT count FROM words');
    database.run('UPDATE words SET count = count + 1');
    await txn.execute('UPDATE words SET count = 0');
  });
  await assert.rejects(work, { type: 'OperationalError' });
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
      runModuleTransaction(database, (txn) => txn.execute(sql)),
      { type },
    );
    assert.equal(words(database).length, 1);
  });
}

test('too many values are a mistake of the program', async (t) => {
  const database = open(t);
  await assert.rejects(
    runModuleTransaction(database, (txn) => txn.execute('SELECT ?', [1, 2])),
    { type: 'ProgrammingError' },
  );
});

test('rows that a statement returns while it writes are written once', async (t) => {
  const database = open(t);
  const rows = await runModuleTransaction(database, async (txn) => {
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
