import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { encodeFrameWithBytes, encodeFrames, FrameReader } from '../../src/synapse/transport/frames.js';
import type { ListenAddress } from '../../src/synapse/transport/listen-address.js';
import { limits, protocolVersion } from '../../src/synapse/protocol/protocol.js';
import type {
  WireError,
  WireHomeserver,
  WireRegistration,
  WireWebResource,
} from '../../src/synapse/protocol/wire-values.js';

type Json = Readonly<Record<string, unknown>>;

/** Answers what the module host asks of Synapse. */
export type Answers = (method: string, params: Json) => unknown;

/** What `modules.open` says unless a test says otherwise. */
export const homeserver: WireHomeserver = {
  server_name: 'here.test',
  public_baseurl: 'https://here.test/',
  email_app_name: 'Matrix',
  worker_name: null,
  worker_app: null,
  custom_template_dir: null,
  run_background_tasks: true,
  synapse_version: '1.163.2',
  callbacks: {},
  delegated_auth: false,
};

/** What a module host answered to a request with. */
export class RemoteFailure extends Error {
  constructor(readonly wire: WireError) {
    super(`${wire.type}: ${wire.message}`);
  }
}

/** The other side of a connection: what the bridge in Synapse says, said by a test over a real socket. */
export class FakeBridge {
  readonly notices: { readonly method: string; readonly params: Json }[] = [];
  readonly closed: Promise<void>;
  private readonly pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private readonly awaited: { readonly method: string; readonly resolve: (params: Json) => void }[] = [];
  private lastId = 0;

  private constructor(
    readonly socket: Socket,
    private readonly answers: Answers,
  ) {
    const reader = new FrameReader(
      () => limits.frame,
      (frame) => {
        void this.receive(JSON.parse(frame) as Json);
      },
    );
    socket.on('data', (piece) => {
      reader.push(piece);
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const { reject } of this.pending.values()) reject(new Error('the connection was closed'));
        resolve();
      });
    });
  }

  /** Connects, and says nothing yet. */
  static async connect(t: TestContext, address: ListenAddress, answers: Answers = () => null): Promise<FakeBridge> {
    const socket =
      address.kind === 'unix' ? connect(address.path) : connect({ host: address.host, port: address.port });
    t.after(() => socket.destroy());
    await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject));
    return new FakeBridge(socket, answers);
  }

  /** Connects and starts modules. */
  static async open(
    t: TestContext,
    address: ListenAddress,
    modules: readonly unknown[],
    options: {
      readonly answers?: Answers;
      readonly homeserver?: Partial<WireHomeserver>;
      readonly token?: string;
    } = {},
  ): Promise<FakeBridge & { readonly registered: Registered }> {
    const bridge = await FakeBridge.connect(t, address, options.answers);
    await bridge.hello(options.token);
    await bridge.request('modules.load', { modules });
    const registered = (await bridge.request('modules.open', { ...homeserver, ...options.homeserver })) as Registered;
    return Object.assign(bridge, { registered });
  }

  hello(token?: string): Promise<unknown> {
    const versions = { protocol: protocolVersion, bridge: '0.1.0', synapse: '1.163.2' };
    return this.request('hello', { ...versions, ...(token !== undefined && { token }) });
  }

  invoke(callback: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.request('callback.invoke', { callback, args });
  }

  request(method: string, params: Json): Promise<unknown> {
    return this.requestWithId(method, params).answer;
  }

  requestWithId(method: string, params: Json): { readonly id: number; readonly answer: Promise<unknown> } {
    const id = ++this.lastId;
    const answer = new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.send({ id, method, params });
    });
    return { id, answer };
  }

  notify(method: string, params: Json): void {
    this.send({ method, params });
  }

  /** The next notice of a kind. */
  heard(method: string): Promise<Json> {
    const known = this.notices.find((notice) => notice.method === method);
    if (known !== undefined) return Promise.resolve(known.params);
    return new Promise((resolve) => this.awaited.push({ method, resolve }));
  }

  send(frame: unknown): void {
    this.socket.write(encodeFrames([JSON.stringify(frame)]));
  }

  private async receive(frame: Json): Promise<void> {
    const { id, method, params = {}, result, error } = frame;
    if (typeof method !== 'string') {
      const pending = this.pending.get(id as number);
      this.pending.delete(id as number);
      if (error === undefined) pending?.resolve(result);
      else pending?.reject(new RemoteFailure(error as WireError));
    } else if (id === undefined) {
      this.notices.push({ method, params: params as Json });
      for (const waiting of this.awaited) if (waiting.method === method) waiting.resolve(params as Json);
    } else {
      await this.reply(id as number, method, params as Json);
    }
  }

  private async reply(id: number, method: string, params: Json): Promise<void> {
    try {
      const result = (await this.answers(method, params)) ?? null;
      const { data, ...others } = (result ?? {}) as { readonly data?: unknown };
      if (!(data instanceof Uint8Array)) this.send({ id, result });
      else this.socket.write(encodeFrameWithBytes(JSON.stringify({ id, result: others }), data));
    } catch (error) {
      const wire = error instanceof RemoteFailure ? error.wire : { type: 'Exception', message: String(error) };
      this.send({ id, error: wire });
    }
  }
}

interface Registered {
  readonly callbacks: readonly WireRegistration[];
  readonly web: readonly WireWebResource[];
}
