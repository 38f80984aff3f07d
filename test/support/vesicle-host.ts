import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Keeper } from './keeper.js';
import { vesicleCommand } from './vesicle-process.js';

/** `vesicle host` as a process of its own. */
export class VesicleHost implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: readonly string[],
  ) {
    const keeper = new Keeper({ pids: [child.pid] });
    child.once('close', () => {
      keeper.release();
    });
  }

  /** Starts it and waits until it listens; the modules of a list are found below the directory. */
  static async start(
    listen: string,
    directory: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<VesicleHost> {
    const args = [vesicleCommand, 'host', '--listen', listen, '--directory', directory, '--log-level', 'debug'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const take = (line: string): void => {
        lines.push(line);
        if (line.includes('waits for Synapse')) resolve();
      };
      createInterface({ input: child.stdout }).on('line', take);
      createInterface({ input: child.stderr }).on('line', take);
      child.once('close', () => {
        reject(new Error(`vesicle host ended: ${lines.join('\n')}`));
      });
    });
    return new VesicleHost(child, lines);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What it logged. */
  get output(): readonly string[] {
    return this.lines;
  }

  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
