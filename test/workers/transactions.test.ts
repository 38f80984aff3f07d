import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { databasePrograms, DatabaseServers } from '../support/database-servers.js';
import { MatrixClient } from '../support/matrix-client.js';
import { writeChangedBridge } from '../support/changed-bridge.js';
import { type RunningSynapse, SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

const programs = await databasePrograms();

interface Engine {
  readonly name: string;
  readonly skip: string | false;
  /** Synapse's `database`, if another than SQLite. */
  readonly database: () => Promise<Readonly<Record<string, unknown>>>;
  /** What is said of a table that there is not, and of a key that there is already. */
  readonly failures: Readonly<Record<'missing' | 'twice', readonly [type: string, message: RegExp]>>;
  /** Whether transactions run beside each other, so that Synapse runs some again. */
  readonly isConcurrent: boolean;
}

const opened: AsyncDisposable[] = [];

const engines: readonly Engine[] = [
  {
    name: 'SQLite',
    skip: false,
    database: async () => ({}),
    failures: {
      missing: ['OperationalError', /^no such table: nowhere$/],
      twice: ['IntegrityError', /^UNIQUE constraint failed: book\.name$/],
    },
    isConcurrent: false,
  },
  {
    name: 'PostgreSQL',
    skip: typeof programs === 'string' && programs,
    database: async () => {
      if (typeof programs === 'string') return {};
      const servers = await DatabaseServers.start(programs);
      opened.push(servers);
      return { database: servers.database };
    },
    failures: {
      missing: ['UndefinedTable', /^relation "nowhere" does not exist/],
      twice: ['UniqueViolation', /^duplicate key value violates unique constraint "book_pkey"/],
    },
    isConcurrent: true,
  },
];

for (const { name, skip, database, failures, isConcurrent } of engines) {
  describe(`transactions of a module in a Synapse on ${name}`, { skip, timeout: 180_000 }, () => {
    let place: BridgedPlace;
    let host: VesicleHost;
    let synapse: RunningSynapse;
    let alice: MatrixClient;

    before(async () => {
      const settings = await database();
      const forks = await SynapseForks.open();
      opened.push(forks);
      place = await BridgedPlace.make(forks);
      await writeChangedBridge(place.folder, { transaction: 3000 });
      host = await VesicleHost.start(place.listen, moduleFolder);
      synapse = await place.startSynapse({}, [{ module: './book.ts' }], settings, { PYTHONPATH: place.folder });
      opened.push(host, synapse);
      alice = await MatrixClient.register(synapse.url, 'alice');
    });
    after(async () => {
      for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
    });

    const ask = async (what: string, body?: object): Promise<Readonly<Record<string, unknown>>> => {
      const method = body === undefined ? 'GET' : 'POST';
      return (await alice.request(method, `/_synapse/client/book/${what}`, body)).body;
    };

    it('may be many at once, and are run again when they were in each other’s way', async () => {
      // Synapse gives up after five attempts.
      const count = 4;
      const together = isConcurrent ? 2 : 1;
      const answers = await Promise.all(Array.from({ length: count }, () => ask('add', { together })));
      const attempts = Math.max(...answers.map((answer) => Number(answer['attempts'])));
      assert.deepEqual(await ask('page'), { page: count });
      assert.ok(isConcurrent ? attempts > count : attempts === count, `${attempts} attempts`);
    });

    it('fail with the errors of the database that Python sees, and leave nothing of what they did', async () => {
      const insert = ['INSERT INTO book (name) VALUES (?)', ['half']];
      const statements = {
        missing: [insert, ['SELECT 1 FROM nowhere WHERE a = ?', [1]]],
        twice: [insert, ['INSERT INTO book (name) VALUES (?)', ['sum']]],
      };
      for (const [what, [type, message]] of Object.entries(failures)) {
        const { inside, outside } = await ask('run', statements[what as keyof typeof statements]);
        assert.deepEqual(inside, outside);
        const failure = inside as { readonly type: string; readonly message: string };
        assert.equal(failure.type, type);
        assert.match(failure.message, message);
      }
      const rows = await ask('run', [['SELECT name FROM book WHERE name = ?', ['half']]]);
      assert.deepEqual(rows, { rows: [] });
    });

    it('take and give integers of any size and bytes', async () => {
      assert.deepEqual(await ask('values'), { isSame: true });
    });

    it('refuse other calls of ModuleApi', async () => {
      assert.equal((await ask('inside', {}))['type'], 'SYNAPSE_CALL_IN_TRANSACTION');
    });

    it('that take too long are rolled back', async () => {
      const { type, message } = await ask('hang', {});
      assert.deepEqual([type, message], ['RuntimeError', 'the transaction took longer than 3 s']);
      assert.deepEqual(await ask('run', [['SELECT name FROM book WHERE name = ?', ['lost']]]), { rows: [] });
    });

    it('are rolled back when the host dies, and their connections are used again', async () => {
      // More than there are connections.
      const hanging = Promise.all(Array.from({ length: 8 }, () => ask('hang', {})));
      const lines = (): number => host.output.filter((line) => line.includes('in the middle of it')).length;
      const before = lines();
      await until(async () => lines() > before, 'a transaction');
      await host.kill('SIGKILL');
      await hanging;
      // Synapse needs the database itself.
      await alice.createRoom();
      opened.push(await VesicleHost.start(place.listen, moduleFolder));
      await until(async () => (await ask('page'))['page'] !== undefined, 'the new module host');
      assert.deepEqual(await ask('run', [['SELECT name FROM book WHERE name = ?', ['lost']]]), { rows: [] });
      await assertCleanLog(synapse);
    });
  });
}
