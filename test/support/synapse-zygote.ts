import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { inProject } from './project.js';

/** A homeserver that was forked. */
export interface ForkedSynapse {
  readonly pid: number;
  /** Resolves with its exit code, negative for a signal. */
  readonly ended: Promise<number>;
}

/** What a fork starts with. */
export interface ForkOrder {
  /** Holds `homeserver.yaml`. */
  readonly folder: string;
  /** Where its output goes in the folder; `output.txt` when absent. */
  readonly output?: string;
  /** The module of `synapse.app`; `homeserver` when absent. */
  readonly app?: string;
  /** Further arguments. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Message {
  readonly ready?: boolean;
  readonly schema?: number;
  readonly pid?: number;
  readonly ended?: number;
  readonly code?: number;
}

/** A Python process that has imported Synapse and forks it: a start takes less than half a second. */
export class SynapseZygote implements AsyncDisposable {
  private readonly orders: ((pid: number) => void)[] = [];
  private readonly waiting = new Map<number, (code: number) => void>();

  private schema = NaN;

  private constructor(private readonly child: ChildProcess) {}

  /** The version of the database schema that this Synapse brings a database to. */
  get schemaVersion(): number {
    return this.schema;
  }

  /** Starts the process. */
  static async open(python: string): Promise<SynapseZygote> {
    const script = inProject('test/support/python/synapse_zygote.py');
    const child = spawn(python, [script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    const zygote = new SynapseZygote(child);
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const message = JSON.parse(line) as Message;
        if (message.ready === true) {
          zygote.schema = message.schema ?? NaN;
          resolve();
        } else zygote.take(message);
      });
      child.once('close', (code) => {
        reject(new Error(`the process that forks Synapse ended with ${String(code)}`));
      });
    });
    return zygote;
  }

  /** Forks a homeserver. */
  async fork(order: ForkOrder): Promise<ForkedSynapse> {
    const pid = await new Promise<number>((resolve) => {
      this.orders.push(resolve);
      this.child.stdin?.write(`${JSON.stringify(order)}\n`);
    });
    return { pid, ended: new Promise((resolve) => this.waiting.set(pid, resolve)) };
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Kills all homeservers that still run. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.stdin?.end();
    await closed;
  }

  private take({ pid, ended, code = 1 }: Message): void {
    if (pid !== undefined) this.orders.shift()?.(pid);
    if (ended === undefined) return;
    this.waiting.get(ended)?.(code);
    this.waiting.delete(ended);
  }
}
