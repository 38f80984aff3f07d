import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { vesicleCommand } from './vesicle-process.js';

/** `vesicle host` as a process of its own, at a Unix socket in a folder of its own. */
export class ModuleHostProcess implements AsyncDisposable {
  private readonly output: Buffer[] = [];
  private child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly socket: string,
  ) {}

  static async start(): Promise<ModuleHostProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'vesicle-host-'));
    const host = new ModuleHostProcess(folder, join(folder, 'host.sock'));
    await host.run();
    return host;
  }

  /** For `connect` of the bridge. */
  get address(): string {
    return `unix:${this.socket}`;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** What it has written. */
  get log(): string {
    return Buffer.concat(this.output).toString();
  }

  /** Starts it, the first time or again; resolves when it listens. */
  async run(): Promise<void> {
    await rm(this.socket, { force: true });
    const child = spawn(process.execPath, [vesicleCommand, 'host', '--listen', this.address], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    child.stdout.on('data', (chunk: Buffer) => this.output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => this.output.push(chunk));
    while (!existsSync(this.socket)) {
      if (child.exitCode !== null) throw new Error(`vesicle host ended:\n${this.log}`);
      await delay(10);
    }
  }

  /** Ends it with a signal, and waits for the end. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}
