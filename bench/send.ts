import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inProject } from '../test/support/project.js';
import { SynapseFolder } from '../test/support/synapse.js';
import { VesicleHost } from '../test/support/vesicle-host.js';
import { type BenchRow, benchRow } from './bench-row.js';
import { Connection } from './homeserver/connection.js';
import { median } from './measure.js';

/** Where the module host listens. */
const listen = `unix:${join(tmpdir(), `vesicle-bench-${process.pid}.sock`)}`;

const pairs = 6;
const warmUp = 60;
const measured = 250;

/** Milliseconds a message. */
interface Pair {
  readonly own: number;
  readonly plain: number;
}

/**
 * What sending a message takes on a Synapse with a Vesicle module, beside one without; message by message, by turns. Two
 * processes that do the same differ by more than a module costs, each time by another amount: so it is several pairs.
 */
export async function send(): Promise<BenchRow[]> {
  await using _host = await VesicleHost.start(listen, inProject('bench/bridge'));
  const config = {
    connect: listen,
    modules: [{ module: './modules.ts#Quiet' }],
  };
  await using folder = await SynapseFolder.make({
    modules: [{ module: 'vesicle_bridge.VesicleBridge', config }],
    pythonPath: [inProject('src/synapse/python')],
  });
  await using plainFolder = await SynapseFolder.make();
  const found: Pair[] = [];
  for (let number = 0; number < pairs; number++) found.push(await measurePair(folder, plainFolder, number));
  const plain = median(found.map((pair) => pair.plain));
  const more = median(found.map((pair) => pair.own - pair.plain));
  return [benchRow('send/median', plain + more, 'ms', 'without modules', plain)];
}

async function measurePair(folder: SynapseFolder, plainFolder: SynapseFolder, pair: number): Promise<Pair> {
  // Whoever starts later finds the machine in another state: so it is each in turn.
  await using early = await (pair % 2 === 0 ? folder : plainFolder).start();
  await using late = await (pair % 2 === 0 ? plainFolder : folder).start();
  const [withModule, without] = pair % 2 === 0 ? [early, late] : [late, early];
  using one = await Speaker.open(withModule.url, pair);
  using other = await Speaker.open(without.url, pair);
  const own: number[] = [];
  const plain: number[] = [];
  for (let number = -warmUp; number < measured; number++) {
    // So does whoever speaks second.
    const isFirst = number % 2 === 0;
    const first = await (isFirst ? one : other).speak(number);
    const second = await (isFirst ? other : one).speak(number);
    if (number < 0) continue;
    own.push(isFirst ? first : second);
    plain.push(isFirst ? second : first);
  }
  return { own: median(own), plain: median(plain) };
}

/** Somebody who talks in a room. */
class Speaker implements Disposable {
  private constructor(
    private readonly connection: Connection,
    private readonly token: string,
    private readonly path: string,
  ) {}

  static async open(url: string, pair: number): Promise<Speaker> {
    const connection = await Connection.open(url);
    const account = { username: `alice${pair}`, password: 'correct horse', auth: { type: 'm.login.dummy' } };
    const registered = await connection.send('POST', '/_matrix/client/v3/register', '', account);
    const token = String(registered.body['access_token']);
    const made = await connection.send('POST', '/_matrix/client/v3/createRoom', token, {});
    const room = encodeURIComponent(String(made.body['room_id']));
    return new Speaker(connection, token, `/_matrix/client/v3/rooms/${room}/send/m.room.message/`);
  }

  /** Sends a message; answers with the milliseconds that it took. */
  async speak(number: number): Promise<number> {
    const startedAt = performance.now();
    const content = { msgtype: 'm.text', body: `message ${number}` };
    const answer = await this.connection.send('PUT', `${this.path}${number}`, this.token, content);
    if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
    return performance.now() - startedAt;
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
  }
}
