import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { formatListenAddress } from '../../src/synapse/transport/listen-address.js';
import { differenceFor, readDifferences } from '../conformance/differences.js';
import { HostilePuppet } from '../support/hostile-puppet.js';
import { type HostileRequest, HostileRequests, parserTraits, requestOf } from '../support/hostile-requests.js';
import { openTestHost } from '../support/module-host-process.js';
import { inProject } from '../support/project.js';
import { pythonIsMissing } from '../support/python-tools.js';
import { exchange, type RawAnswer } from '../support/raw-http.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { logContextFaults } from '../support/synapse-log-faults.js';

const skip = await pythonIsMissing();

/** A longer run of other requests: `VESICLE_HOSTILE_REQUESTS=100000 VESICLE_HOSTILE_SEED=2 node test/run.mjs --only hostile-web`. */
const total = Number(process.env['VESICLE_HOSTILE_REQUESTS'] ?? 1_500);
const seed = Number(process.env['VESICLE_HOSTILE_SEED'] ?? 1);
const lanes = 8;

const differences = readDifferences(inProject('test/conformance/differences.json'), 'embedded');
const isMeant = (trait: string): boolean => differenceFor(`hostile_web/${trait}`, differences) !== undefined;

/** An embedded homeserver and a real Synapse with the same module. */
class BothHosts implements AsyncDisposable {
  private constructor(
    private readonly ports: readonly [embedded: number, synapse: number],
    private readonly stack: AsyncDisposableStack,
    /** What Synapse has logged. */
    readonly output: () => Promise<string>,
  ) {}

  static async open(t: TestContext): Promise<BothHosts> {
    await using stack = new AsyncDisposableStack();
    const worker = new Worker(new URL('../support/embedded-worker.js', import.meta.url));
    stack.defer(() => void worker.terminate());
    const [embedded] = (await once(worker, 'message')) as [number];
    const forks = stack.use(await SynapseForks.open());
    const { address } = await openTestHost(t, { HostilePuppet });
    const config = { connect: formatListenAddress(address), modules: [{ module: 'HostilePuppet' }] };
    const modules = [{ module: 'vesicle_bridge.VesicleBridge', config }];
    const synapse = stack.use(await forks.start(await forks.newFolder(), { modules }));
    return new BothHosts([embedded, Number(new URL(synapse.url).port)], stack.move(), () => synapse.output());
  }

  /** What is different in their answers; undefined when nothing is. */
  async compare(request: HostileRequest): Promise<string | undefined> {
    const answers = this.ports.map((port) => exchange(port, request.bytes, request.method === 'HEAD'));
    const [embedded, synapse] = (await Promise.all(answers)).map((answer) => outcome(answer, request));
    if (embedded === synapse) return undefined;
    return `${request.bytes.toString('latin1')}\n  embedded: ${embedded ?? ''}\n  Synapse:  ${synapse ?? ''}\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack[Symbol.asyncDispose]();
  }
}

/** What has to be equal. How far an answer comes that breaks off is a matter of time. */
function outcome({ status, headers, body, isComplete }: RawAnswer, { mayBreakOff }: HostileRequest): string {
  if (mayBreakOff && (!isComplete || status === 500)) return 'broken off';
  return JSON.stringify([status, isComplete, headers['content-type'], headers['location'], isComplete ? body : '']);
}

it('hostile requests get the same answers of both hosts', { skip, timeout: 120_000 + total * 60 }, async (t) => {
  await using hosts = await BothHosts.open(t);
  const requests = new HostileRequests(seed);
  const found: string[] = [];
  let left = total;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const request = requests.next();
      const difference = await hosts.compare(request);
      if (difference !== undefined && !request.traits.some(isMeant)) found.push(difference);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  assert.equal(found.length, 0, `${found.length} of ${total} requests:\n${found.slice(0, 20).join('\n')}`);
  for (const [trait, text] of Object.entries(parserTraits)) {
    const request = requestOf(text);
    assert.ok(request.traits.includes(trait), trait);
    const isDifferent = (await hosts.compare(request)) !== undefined;
    assert.equal(isDifferent, isMeant(trait), `hostile_web/${trait} in differences.json`);
  }
  const output = await hosts.output();
  assert.deepEqual(logContextFaults(output), []);
});
