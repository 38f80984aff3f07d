import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { VesicleError } from '../errors/vesicle-error.js';
import type { SynapseLogReader } from './synapse-log.js';

/** How a Synapse is started. */
export interface SynapseStart {
  readonly python: string;
  /** Its homeserver.yaml. */
  readonly configFile: string;
  /** Relative paths in the configuration start here. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where it will answer; it is taken for started at once when there is none. */
  readonly url: string | undefined;
  readonly output: SynapseLogReader;
}

/** Synapse, which stops when its standard input is closed: by its end, whatever that was, who started it closes it. */
const program = `
import os, runpy, signal, threading

def stop_with_parent():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=stop_with_parent, daemon=True).start()
runpy.run_module("synapse.app.homeserver", run_name="__main__", alter_sys=True)
`;

/** So long it is waited for the end of a Synapse that was asked to stop, in milliseconds. */
const graceMs = 10_000;

/** A Synapse that runs as a process of its own. */
export class SynapseProcess implements AsyncDisposable {
  /** Resolves when it has ended, with how it did. */
  readonly ended: Promise<string>;
  private hasEnded = false;

  private constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.hasEnded = true;
      return signal === null ? `exit code ${String(code)}` : String(signal);
    });
  }

  /** Starts Synapse and waits until it answers; throws what it said when it ends instead. */
  static async start(options: SynapseStart): Promise<SynapseProcess> {
    const { python, configFile, cwd, env, url, output } = options;
    // A group of its own: Ctrl-C reaches us, and we stop it when its calls are done.
    const child = spawn(python, ['-c', program, '-c', configFile], {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const take = (chunk: Buffer): void => {
      output.take(chunk.toString());
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const started = new SynapseProcess(child);
    const end = started.ended.then((how) => {
      output.end();
      return how;
    });
    const how = await Promise.race([end, url === undefined ? undefined : answers(url, started)]);
    if (how !== undefined) throw new VesicleError('CLI_SYNAPSE_ENDED', { how, output: output.tail });
    return started;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return !this.hasEnded;
  }

  /** Asks it to stop, and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function answers(url: string, synapse: SynapseProcess): Promise<undefined> {
  while (synapse.isRunning && !(await isHealthy(url))) await delay(20);
}

function isHealthy(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${url}/health`, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => {
      resolve(false);
    });
  });
}
