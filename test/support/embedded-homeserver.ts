import type { TestContext } from 'node:test';
import { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import type { Clock } from '../../src/homeserver/runtime/clock.js';
import { type Homeserver, openHomeserver } from '../../src/homeserver/homeserver.js';
import type { Mailer } from '../../src/homeserver/runtime/mailer.js';
import type { LoadedModule } from '../../src/loader/loaded-module.js';
import { RecordingLog } from './recording-log.js';

/** What a test reads of an answer. */
export class TestAnswer {
  /** The JSON of the body; undefined when it is none. */
  readonly body: unknown;

  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly text: string,
  ) {
    this.body = parseOrUndefined(text);
  }

  /** What lies at a path of the body; undefined when nothing does. */
  at(...path: readonly (string | number)[]): unknown {
    return path.reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
      this.body,
    );
  }

  /** The text at a path. */
  textAt(...path: readonly (string | number)[]): string {
    const value = this.at(...path);
    if (typeof value !== 'string') throw new Error(`no text at ${path.join('.')} of ${this.status} ${this.text}`);
    return value;
  }

  /** The list at a path; empty when there is none. */
  listAt(...path: readonly (string | number)[]): readonly Readonly<Record<string, unknown>>[] {
    const value = this.at(...path);
    return Array.isArray(value) ? (value as Readonly<Record<string, unknown>>[]) : [];
  }
}

/** A registered user of a test. */
export interface TestUser {
  readonly userId: string;
  readonly token: string;
  readonly deviceId: string;
}

/** How a test's homeserver differs from the usual. */
export interface EmbeddedOptions {
  readonly config?: Partial<HomeserverConfig>;
  readonly modules?: readonly LoadedModule[];
  readonly clock?: Clock;
  readonly mailer?: Mailer;
}

/** An embedded homeserver in this process, closed at the end of the test. */
export class EmbeddedHomeserver {
  private constructor(
    readonly homeserver: Homeserver,
    readonly log: RecordingLog,
  ) {}

  static async open(t: TestContext, options: EmbeddedOptions = {}): Promise<EmbeddedHomeserver> {
    const log = new RecordingLog();
    const config = new HomeserverConfig({ serverName: 'hs.test', listeners: [], bcryptRounds: 4, ...options.config });
    const { clock, mailer, modules = [] } = options;
    const homeserver = await openHomeserver({
      config,
      modules,
      log,
      ...(clock !== undefined && { clock }),
      ...(mailer !== undefined && { mailer }),
    });
    t.after(() => homeserver.close(0));
    return new EmbeddedHomeserver(homeserver, log);
  }

  /** Makes a request, with a JSON body, a text or bytes, as a user or as nobody. */
  async request(
    user: TestUser | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TestAnswer> {
    const content = contentOf(body);
    const response = await this.homeserver.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers: {
          ...(user !== undefined && { authorization: `Bearer ${user.token}` }),
          ...(content !== undefined && { 'content-length': String(content.byteLength) }),
          ...headers,
        },
        ...(content !== undefined && { body: content }),
      }),
    );
    return new TestAnswer(response.status, response.headers, await response.text());
  }

  /** Registers a user. */
  async register(name: string, extra: Readonly<Record<string, unknown>> = {}): Promise<TestUser> {
    const answer = await this.request(undefined, 'POST', '/_matrix/client/v3/register', {
      username: name,
      password: 'correct horse',
      auth: { type: 'm.login.dummy' },
      ...extra,
    });
    return {
      userId: answer.textAt('user_id'),
      token: answer.textAt('access_token'),
      deviceId: answer.textAt('device_id'),
    };
  }

  /** Makes a room; its ID. */
  async createRoom(user: TestUser, settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return (await this.request(user, 'POST', '/_matrix/client/v3/createRoom', settings)).textAt('room_id');
  }
}

function contentOf(body: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined) return undefined;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  return new Uint8Array(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
