import { residentMemory } from '../test/support/server-process.js';
import { SynapseFolder } from '../test/support/synapse.js';
import { startVesicle } from '../test/support/vesicle-process.js';
import { type BenchRow, benchRow } from './bench-row.js';
import { Connection } from './homeserver/connection.js';

const warmUpMs = 2000;
const measureMs = 5000;
const connectionCounts = [1, 8] as const;

/** Messages a second at a number of connections, and bytes of memory afterwards. */
interface Measured {
  readonly rates: ReadonlyMap<number, number>;
  readonly memory: number;
}

/** Messages a second and resident memory beside a Synapse on SQLite: the same client, users, room and messages. */
export async function homeserver(): Promise<BenchRow[]> {
  const own = await measureVesicle();
  const other = await measureSynapse();
  const rates = connectionCounts.map((count) => {
    const value = own.rates.get(count) ?? NaN;
    return benchRow(`homeserver/messages-${count}`, value, 'messages/s', 'synapse', other.rates.get(count) ?? NaN);
  });
  return [...rates, benchRow('homeserver/memory', own.memory, 'bytes', 'synapse', other.memory)];
}

async function measureVesicle(): Promise<Measured> {
  await using server = await startVesicle();
  return await measure(server.url, server.pid);
}

async function measureSynapse(): Promise<Measured> {
  await using folder = await SynapseFolder.make();
  await using server = await folder.start();
  return await measure(server.url, server.pid);
}

async function measure(url: string, pid: number): Promise<Measured> {
  const users = await Promise.all(Array.from({ length: Math.max(...connectionCounts) }, (_, n) => register(url, n)));
  const [creator] = users;
  const made = await creator?.connection.send('POST', '/_matrix/client/v3/createRoom', creator.token, {
    preset: 'public_chat',
  });
  const roomId = String(made?.body['room_id']);
  for (const { connection, token } of users.slice(1)) {
    await expectOk(connection.send('POST', `/_matrix/client/v3/join/${encodeURIComponent(roomId)}`, token, {}));
  }
  const rates = new Map<number, number>();
  try {
    for (const count of connectionCounts) {
      await messagesPerSecond(users.slice(0, count), roomId, warmUpMs);
      rates.set(count, await messagesPerSecond(users.slice(0, count), roomId, measureMs));
    }
    return { rates, memory: residentMemory(pid) };
  } finally {
    for (const { connection } of users) connection[Symbol.dispose]();
  }
}

interface User {
  readonly connection: Connection;
  readonly token: string;
}

async function register(url: string, number: number): Promise<User> {
  const connection = await Connection.open(url);
  const body = { username: `user${number}`, password: 'correct horse', auth: { type: 'm.login.dummy' } };
  const answer = await expectOk(connection.send('POST', '/_matrix/client/v3/register', '', body));
  return { connection, token: String(answer.body['access_token']) };
}

let transaction = 0;

async function messagesPerSecond(users: readonly User[], roomId: string, ms: number): Promise<number> {
  const startedAt = performance.now();
  let sent = 0;
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/`;
  const speak = async ({ connection, token }: User): Promise<void> => {
    while (performance.now() - startedAt < ms) {
      const content = { msgtype: 'm.text', body: `message ${transaction}` };
      await expectOk(connection.send('PUT', `${path}${transaction++}`, token, content));
      sent++;
    }
  };
  await Promise.all(users.map(speak));
  return (sent * 1000) / (performance.now() - startedAt);
}

type Sent = ReturnType<Connection['send']>;

async function expectOk(sending: Sent): Promise<Awaited<Sent>> {
  const answer = await sending;
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}
