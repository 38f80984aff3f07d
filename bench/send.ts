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

const warmUp = 100;
const measured = 1000;

/** What sending a message takes on a Synapse with a Vesicle module, beside one without; message by message, by turns. */
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
  await using withModule = await folder.start();
  await using without = await plainFolder.start();
  using one = await Speaker.open(withModule.url);
  using other = await Speaker.open(without.url);
  const times: { readonly own: number; readonly plain: number }[] = [];
  for (let number = 0; number < warmUp + measured; number++) {
    // Whoever goes second finds the caches of the machine warm: so it is each in turn.
    const isFirst = number % 2 === 0;
    const first = await (isFirst ? one : other).speak(number);
    const second = await (isFirst ? other : one).speak(number);
    if (number >= warmUp) times.push(isFirst ? { own: first, plain: second } : { own: second, plain: first });
  }
  const own = median(times.map((time) => time.own));
  return [benchRow('send/median', own, 'ms', 'without modules', median(times.map((time) => time.plain)))];
}

/** Somebody who talks in a room. */
class Speaker implements Disposable {
  private constructor(
    private readonly connection: Connection,
    private readonly token: string,
    private readonly path: string,
  ) {}

  static async open(url: string): Promise<Speaker> {
    const connection = await Connection.open(url);
    const account = { username: 'alice', password: 'correct horse', auth: { type: 'm.login.dummy' } };
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
