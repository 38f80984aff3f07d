import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { inProject } from './project.js';
import type { BridgeStateName } from '../../src/synapse/protocol/link-states.js';
import { testSynapsePython } from './synapse.js';
import { bridgeFolder } from './synapse-forks.js';

/** A frame that the module host got; long texts are cut off. */
export interface HeardFrame {
  readonly id?: number;
  readonly method?: string;
  readonly params: { readonly args: readonly string[]; readonly id: number | null };
}

/** What has happened since the order before. */
export interface Report {
  readonly state: BridgeStateName;
  /** Seconds. */
  readonly now: number;
  /** When the host last answered a ping. */
  readonly pongedAt: number;
  /** A connection is being made, until there is an order what becomes of it. */
  readonly isDialling: boolean;
  /** When attempts to connect began. */
  readonly dials: readonly number[];
  readonly heard: readonly HeardFrame[];
  /** What Synapse got for its questions and notifications: kind, number, and "accept", "deny" or the class of an error. */
  readonly outcomes: readonly (readonly ['ask' | 'tell', number, string])[];
  readonly log: readonly string[];
  /** What nobody handled, since the start of the process. */
  readonly unhandled: readonly string[];
}

/** A bridge in a process of its own, on a clock that stands still; see `test/synapse/python/link_model.py`. */
export class PlayedBridge implements AsyncDisposable {
  private readonly answers: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    this.answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(): Promise<PlayedBridge> {
    const env = { ...process.env, PYTHONPATH: bridgeFolder, PYTHONDONTWRITEBYTECODE: '1' };
    const script = inProject('test/synapse/python/link_model.py');
    const child = spawn(await testSynapsePython(), [script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    return new PlayedBridge(child);
  }

  /** Has something happen. */
  async order(order: { readonly do: string } & Readonly<Record<string, unknown>>): Promise<Report> {
    this.child.stdin.write(`${JSON.stringify(order)}\n`);
    const answer = await this.answers.next();
    if (answer.done === true) throw new Error('The process of the bridge has ended.');
    return JSON.parse(answer.value) as Report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.child.on('close', resolve));
    this.child.stdin.end();
    await ended;
  }
}
