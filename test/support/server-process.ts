import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Keeper } from './keeper.js';

/** A homeserver that runs as a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to its first answer. */
  readonly startedInMs: number;
}

/** How to start a homeserver that then answers on a port. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly port: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Runs when the process has ended. */
  readonly cleanUp?: () => Promise<void>;
}

/** No server takes longer to answer than this. */
const limitMs = 120_000;

/** Starts a homeserver and waits for its first answer. */
export async function startServerProcess(options: ServerCommand): Promise<ServerProcess> {
  const { command, args, cwd, port, env = process.env } = options;
  const output: Buffer[] = [];
  const startedAt = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const keeper = new Keeper({ pids: [child.pid] });
  child.once('close', () => {
    keeper.release();
  });
  const close = async (): Promise<void> => {
    await stop(child);
    await options.cleanUp?.();
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    while (!(await answersAt(`${url}/_matrix/client/versions`))) {
      if (child.exitCode !== null || performance.now() - startedAt > limitMs) {
        throw new Error(`${command} ${args.join(' ')} does not answer: ${Buffer.concat(output).toString()}`);
      }
      await delay(2);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const startedInMs = performance.now() - startedAt;
  return { url, pid: child.pid ?? 0, startedInMs, [Symbol.asyncDispose]: close };
}

/** Ports given lately: who got one may not listen yet. */
const given: number[] = [];

/** A TCP port of this machine that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  if (given.includes(port)) return await freePort();
  if (given.push(port) > 100) given.shift();
  return port;
}

/** Whether there is a process. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Bytes of memory that a process occupies (Linux). */
export function residentMemory(pid: number): number {
  return memoryOf(pid, 'VmRSS');
}

/** The most bytes of memory that a process has occupied, since its start or since 5 was written to its `clear_refs` (Linux). */
export function peakMemory(pid: number): number {
  return memoryOf(pid, 'VmHWM');
}

function memoryOf(pid: number, row: string): number {
  const kibibytes = new RegExp(`^${row}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

/** Whether a GET of this address is answered with 200. */
export function answersAt(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      response.resume();
      response.once('end', () => {
        resolve(response.statusCode === 200);
      });
    });
    request.once('error', () => {
      resolve(false);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}
