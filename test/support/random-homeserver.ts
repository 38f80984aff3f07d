// Opens a homeserver on a file and has its users do random things, as many as it lives to; prints `done` after each that was
// answered with success.
//   node random-homeserver.js FILE SEED
import { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { openHomeserver } from '../../src/homeserver/homeserver.js';
import { type Operation, RandomWorld } from './random-world.js';
import { RecordingLog } from './recording-log.js';

const [file = '', seed = '0'] = process.argv.slice(2);
const config = new HomeserverConfig({ serverName: 'hs.test', listeners: [], databasePath: file, bcryptRounds: 4 });
const homeserver = await openHomeserver({ config, modules: [], log: new RecordingLog() });
const world = new RandomWorld(Number(seed));
/** What the server called tokens, rooms and events. */
const told = new Map<string, string>();
const nameOf = (name: string | undefined): string => told.get(name ?? '') ?? '';

for (;;) {
  await perform(world.next());
  process.stdout.write('done\n');
}

async function perform({ user, method, path, body, room, event, tells }: Operation): Promise<void> {
  const target = path.replace('{room}', nameOf(room)).replace('{event}', nameOf(event));
  const headers = { ...(user !== undefined && { authorization: `Bearer ${nameOf(user)}` }) };
  const request = new Request(`http://localhost${target}`, { method, headers, body: JSON.stringify(body) });
  const response = await homeserver.fetch(request);
  const answer = (await response.json()) as Readonly<Record<string, unknown>>;
  if (response.status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  if (tells !== undefined) told.set(tells.as, String(answer[tells.key]));
}
