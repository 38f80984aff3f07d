import { Database } from '../../src/homeserver/store/database/database.js';
import { ModuleTransactions } from '../../src/homeserver/store/database/module-transactions.js';

/**
 * A program that commits more than its files may hold: `commit-on-full-disk.js FILE`. It prints, as JSON, why that failed and
 * what is stored then.
 */
const [, , file = ''] = process.argv;
using database = new Database(file, [
  {
    name: 'test',
    versions: ['CREATE TABLE own (id INTEGER PRIMARY KEY); CREATE TABLE others (id INTEGER, bytes BLOB)'],
  },
]);
// Pages wait for the commit, however many they are.
database.get('PRAGMA cache_size = -100000');
const transactions = new ModuleTransactions(database);
const ids = (table: string): readonly number[] =>
  database.all<{ id: number }>(`SELECT id FROM ${table}`).map(({ id }) => id);

let failure = '';
try {
  await transactions.run('test', async (txn) => {
    await txn.execute('INSERT INTO others VALUES (1, zeroblob(4000000))');
    database.run('INSERT INTO own VALUES (1)');
    database.transaction(() => {
      database.run('INSERT INTO own VALUES (2)');
    });
    await txn.execute('INSERT INTO others VALUES (2, NULL)');
  });
} catch (error) {
  failure = String(error);
}
const found = { failure, own: ids('own'), others: ids('others') };
await transactions.run('later', (txn) => txn.execute('INSERT INTO others VALUES (3, NULL)'));
process.stdout.write(JSON.stringify({ ...found, later: ids('others') }));
