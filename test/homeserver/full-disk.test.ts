import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { DbTransaction } from '../../src/module-api/db-transaction.js';
import { Database } from '../../src/homeserver/store/database/database.js';
import { ModuleTransactions } from '../../src/homeserver/store/database/module-transactions.js';

const schemas = [
  {
    name: 'test',
    versions: [
      'CREATE TABLE own (id INTEGER PRIMARY KEY, bytes BLOB); CREATE TABLE others (id INTEGER PRIMARY KEY, bytes BLOB)',
    ],
  },
];

/** A database that has room for so many more pages of 4096 bytes. */
function open(t: TestContext, pages: number): Database {
  const database = new Database(':memory:', schemas);
  t.after(() => {
    database[Symbol.dispose]();
  });
  const { page_count: count } = database.get<{ page_count: number }>('PRAGMA page_count') ?? { page_count: 0 };
  database.get(`PRAGMA max_page_count = ${count + pages}`);
  return database;
}

const write = (database: Database, id: number, size: number): void => {
  database.run('INSERT INTO own VALUES (?, zeroblob(?))', id, size);
};
const writeOther = (txn: DbTransaction, id: number, size: number): Promise<void> =>
  txn.execute('INSERT INTO others VALUES (?, zeroblob(?))', [id, size]);
const run = (database: Database, work: (txn: DbTransaction) => Promise<void>): Promise<void> =>
  new ModuleTransactions(database).run('test', work);
const ids = (database: Database, table = 'own'): readonly number[] =>
  database.all<{ id: number }>(`SELECT id FROM ${table} ORDER BY id`).map(({ id }) => id);

const isFull = /disk is full/;
const wasUndone = {
  type: 'OperationalError',
  message: /^The transaction was rolled back: a statement of the homeserver/,
};

test('a module that fills the disk loses what it wrote, and nothing that the homeserver wrote', async (t) => {
  const database = open(t, 10);
  const work = run(database, async (txn) => {
    await writeOther(txn, 1, 10);
    write(database, 1, 5000);
    await writeOther(txn, 2, 100_000);
  });
  await assert.rejects(work, { type: 'OperationalError', message: isFull });
  assert.deepEqual([ids(database), ids(database, 'others')], [[1], []]);
  await run(database, (txn) => writeOther(txn, 3, 10));
  assert.deepEqual(ids(database, 'others'), [3]);
});

test('a statement of the homeserver that finds the disk full undoes a transaction that is open, and says so', async (t) => {
  const database = open(t, 10);
  const work = run(database, async (txn) => {
    await writeOther(txn, 1, 10);
    write(database, 1, 5000);
    assert.throws(() => {
      write(database, 2, 100_000);
    }, isFull);
    write(database, 3, 10);
    await assert.rejects(writeOther(txn, 2, 10), wasUndone);
    await assert.rejects(txn.execute('SELECT 1'), wasUndone);
  });
  await assert.rejects(work, wasUndone);
  assert.deepEqual([ids(database), ids(database, 'others')], [[1, 3], []]);
  await run(database, (txn) => writeOther(txn, 3, 10));
  assert.deepEqual(ids(database, 'others'), [3]);
});

for (const isOpen of [false, true]) {
  const where = isOpen ? 'inside of a transaction that is open' : 'on its own';
  test(`a transaction of the homeserver that finds the disk full, ${where}, is undone as a whole`, async (t) => {
    const database = open(t, 10);
    const transact = (): void => {
      write(database, 1, 10);
      assert.throws(() => {
        database.transaction(() => {
          write(database, 2, 10);
          write(database, 3, 100_000);
        });
      }, isFull);
      write(database, 4, 10);
      // Even where somebody goes on after the error.
      assert.throws(() => {
        database.transaction(() => {
          write(database, 5, 10);
          assert.throws(() => {
            write(database, 6, 100_000);
          });
          assert.throws(() => ids(database), isFull);
        });
      }, isFull);
      write(database, 7, 10);
    };
    if (!isOpen) transact();
    else {
      const work = run(database, async (txn) => {
        await writeOther(txn, 1, 10);
        transact();
      });
      await assert.rejects(work, wasUndone);
    }
    assert.deepEqual([ids(database), ids(database, 'others')], [[1, 4, 7], []]);
  });
}

test('whoever finds the disk full, and when: what the homeserver was told is written stays, alone', async (t) => {
  const step = fc.record({
    who: fc.constantFrom('module', 'homeserver', 'homeserver in a transaction', 'somebody waits'),
    size: fc.oneof({ arbitrary: fc.nat(3000), weight: 4 }, fc.nat(60_000)),
    isCaught: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(20), async (steps, pages) => {
      const database = open(t, pages);
      const [kept, others] = [[] as number[], [] as number[]];
      const attempt = (id: number, work: () => void): void => {
        try {
          work();
          kept.push(id);
        } catch (error) {
          assert.match(String(error), isFull);
        }
      };
      const work = run(database, async (txn) => {
        for (const [id, { who, size, isCaught }] of steps.entries()) {
          if (who === 'somebody waits') await new Promise(setImmediate);
          else if (who === 'module') {
            await writeOther(txn, id, size).then(
              () => others.push(id),
              (error: unknown) => {
                // SQLite has undone the transaction, or this statement alone.
                others.splice(0, others.length, ...ids(database, 'others'));
                if (!isCaught) throw error;
              },
            );
          } else if (who === 'homeserver') {
            attempt(id, () => {
              write(database, id, size);
            });
          } else {
            attempt(id, () => {
              database.transaction(() => {
                write(database, id, size);
                write(database, 1000 + id, size);
              });
            });
          }
        }
      });
      const isDone = await work.then(
        () => true,
        (error: unknown) => {
          assert.match(String(error), /disk is full|rolled back/);
          return false;
        },
      );
      assert.deepEqual(
        ids(database).filter((id) => id < 1000),
        kept,
      );
      assert.deepEqual(
        ids(database).filter((id) => id >= 1000),
        kept.filter((id) => steps[id]?.who === 'homeserver in a transaction').map((id) => 1000 + id),
      );
      assert.deepEqual(ids(database, 'others'), isDone ? others : []);
    }),
    { numRuns: 200 },
  );
});

test('what cannot be written again is told to the homeserver, and the module gets its own error', async (t) => {
  const lost: AggregateError[] = [];
  const database = new Database(':memory:', schemas, (error) => lost.push(error));
  t.after(() => {
    database[Symbol.dispose]();
  });
  write(database, 1, 1);
  const work = run(database, async (txn) => {
    await txn.execute('DELETE FROM own');
    write(database, 1, 2);
    write(database, 2, 2);
    throw new RangeError('no');
  });
  await assert.rejects(work, RangeError);
  assert.deepEqual(ids(database), [1, 2]);
  assert.deepEqual(
    lost.map(({ errors }) => errors.length),
    [1],
  );
  assert.match(String(lost[0]?.errors[0]), /UNIQUE/);
});

test('a commit that the disk refuses keeps what the homeserver wrote', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vesicle-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const program = fileURLToPath(new URL('../support/commit-on-full-disk.js', import.meta.url));
  // A file that may not grow any more is as good as a disk that is full.
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'trap "" XFSZ; ulimit -f 2000; exec "$0" "$@"', process.execPath, program, join(folder, 'homeserver.db')],
    { encoding: 'utf8' },
  );
  assert.equal(stderr, '');
  const { failure, own, others, later } = JSON.parse(stdout) as Record<string, unknown>;
  assert.match(String(failure), /disk I\/O error|disk is full/);
  assert.deepEqual({ own, others, later }, { own: [1, 2], others: [], later: [3] });
});
