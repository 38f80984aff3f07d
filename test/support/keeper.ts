import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Waits until whoever started it is gone or has no more to say, then sends a signal to processes, waits for their end, and
 * removes a folder; does nothing once it was told anything.
 */
const script = `[ -z "$(cat)" ] || exit
signal=$1; folder=$2; shift 2
for pid; do kill -s "$signal" "$pid"; done
for pid; do
  tries=0
  while kill -s 0 "$pid" && [ $((tries += 1)) -lt 500 ]; do sleep 0.02; done
done
[ -z "$folder" ] || rm -rf -- "$folder"`;

/** The pipe to a child, which node types as any stream. */
interface Pipe {
  readonly unref: () => void;
  readonly end: (text?: string) => void;
}

/** What is left when a test ends, in whatever way. */
interface Remains {
  readonly pids?: readonly (number | undefined)[];
  /** What ends the processes; 0 for those that end by themselves. */
  readonly signal?: 'INT' | 'KILL' | '0';
  readonly folder?: string;
}

/** Ends processes and removes a folder at its end, or when this process is gone, even by `kill -9`. */
export class Keeper implements AsyncDisposable {
  private readonly stdin: Pipe;
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  constructor({ pids = [], signal = 'KILL', folder = '' }: Remains) {
    const known = pids.filter((pid) => pid !== undefined).map(String);
    const args = ['-c', script, 'keeper', signal, folder, ...known];
    // Not of this process's group: Ctrl-C is not for it.
    const child = spawn('sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.child = child;
    this.ended = once(child, 'close');
    child.unref();
    this.stdin = child.stdin.on('error', () => undefined) as unknown as Pipe;
    this.stdin.unref();
  }

  /** There is nothing left to do. */
  release(): void {
    this.stdin.end('nothing');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Until then nothing of it keeps this process alive.
    this.child.ref();
    this.stdin.end();
    await this.ended;
  }
}
