import { createServer, type Socket } from 'node:net';
import { encodeFrames, FrameReader } from '../../src/synapse/transport/frames.js';
import { limits, protocolVersion } from '../../src/synapse/protocol/protocol.js';

/** What a connected bridge is sent next, once it has opened its modules. */
export type Act = (socket: Socket) => void;

/** A module host in name only: it says hello, registers what it is told to, and then does what a test wants. */
export class FakeHost implements AsyncDisposable {
  /** How many bridges have opened their modules. */
  connections = 0;
  act: Act = () => undefined;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => {
    this.serve(socket);
  });

  private constructor(private readonly registered: object) {}

  static async listen(path: string, registered: object): Promise<FakeHost> {
    const host = new FakeHost(registered);
    await new Promise<void>((resolve) => host.server.listen(path, resolve));
    return host;
  }

  /** Ends all connections. */
  dropAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropAll();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    const reader = new FrameReader(
      () => limits.frame,
      (text) => {
        this.hear(socket, JSON.parse(text) as { readonly id?: number; readonly method?: string });
      },
    );
    socket.on('data', (data: Buffer) => {
      reader.push(data);
    });
  }

  private hear(socket: Socket, { id, method }: { readonly id?: number; readonly method?: string }): void {
    if (id === undefined || method === undefined) return;
    const answers: Readonly<Record<string, unknown>> = {
      hello: { protocol: protocolVersion, vesicle: '0', node: '0' },
      'modules.load': { problems: [], modules: ['fake'] },
      'modules.open': this.registered,
    };
    socket.write(encodeFrames([JSON.stringify({ id, result: answers[method] ?? null })]));
    if (method !== 'modules.open') return;
    this.connections++;
    this.act(socket);
  }
}
