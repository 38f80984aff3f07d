import type { TestContext } from 'node:test';
import { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import type { Clock } from '../../src/homeserver/runtime/clock.js';
import { type Homeserver, openHomeserver } from '../../src/homeserver/homeserver.js';
import type { Mail } from '../../src/homeserver/runtime/mailer.js';
import type { UserId } from '../../src/matrix/ids.js';
import { RecordingLog } from './recording-log.js';

/** The JSON object of an answer; empty when it is none. */
export type Body = Readonly<Record<string, unknown>>;

/** What a test reads of an answer. */
export interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly text: string;
  readonly headers: Headers;
}

/** Somebody who is logged in. */
export interface Account {
  readonly userId: UserId;
  readonly token: string;
  readonly deviceId: string;
}

interface Options {
  readonly config?: Partial<HomeserverConfig>;
  readonly clock?: Clock;
  /** A file instead of the memory. */
  readonly databasePath?: string;
}

/** A homeserver without modules in this process, closed at the end of the test. Its mail goes to {@link outbox}. */
export class Accounts {
  readonly outbox: Mail[] = [];

  private constructor(
    readonly homeserver: Homeserver,
    outbox: Mail[],
  ) {
    this.outbox = outbox;
  }

  static async open(t: TestContext, options: Options = {}): Promise<Accounts> {
    const outbox: Mail[] = [];
    const homeserver = await openHomeserver({
      config: new HomeserverConfig({ serverName: 'hs.test', listeners: [], ...options.config }),
      modules: [],
      log: new RecordingLog(),
      mailer: {
        send: async (mail) => {
          outbox.push(mail);
        },
      },
      ...(options.clock !== undefined && { clock: options.clock }),
      ...(options.databasePath !== undefined && { databasePath: options.databasePath }),
    });
    t.after(() => homeserver.close());
    return new Accounts(homeserver, outbox);
  }

  /** Makes a request as somebody, or as nobody. */
  async call(who: Account | null, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.send(method, path, {
      headers: {
        'user-agent': 'test/1',
        ...(who !== null && { authorization: `Bearer ${who.token}` }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  /** Makes a request with headers of its own. */
  async send(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await this.homeserver.fetch(new Request(`http://localhost${path}`, { ...init, method }));
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parseBody(text) };
  }

  /** Registers a user, whose password is their name. */
  async register(name: string, more: Body = {}): Promise<Account> {
    const auth = { type: 'm.login.dummy' };
    return accountOf(
      await this.call(null, 'POST', '/_matrix/client/v3/register', { username: name, password: name, auth, ...more }),
    );
  }

  /** Registers a user and makes them an administrator. */
  async registerAdmin(name = 'admin'): Promise<Account> {
    const account = await this.register(name);
    this.homeserver.services.userStore.setFlag(account.userId, 'admin', true);
    return account;
  }

  /** Logs a registered user in once more. */
  async logIn(name: string, more: Body = {}): Promise<Account> {
    const submission = { type: 'm.login.password', identifier: { type: 'm.id.user', user: name }, password: name };
    return accountOf(await this.call(null, 'POST', '/_matrix/client/v3/login', { ...submission, ...more }));
  }

  /** Makes a request that needs user-interactive authentication, and goes through it with the password. */
  async confirmed(who: Account, method: string, path: string, body: Body = {}): Promise<Answer> {
    const { session } = (await this.call(who, method, path, body)).body;
    const user = who.userId.slice(1, who.userId.indexOf(':'));
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password: user, session };
    return this.call(who, method, path, { ...body, auth });
  }
}

/** The account that a registration or login answers with. */
export function accountOf({ body }: Answer): Account {
  return {
    userId: String(body['user_id']) as UserId,
    token: String(body['access_token']),
    deviceId: String(body['device_id']),
  };
}

function parseBody(text: string): Body {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Body) : {};
  } catch {
    return {};
  }
}
