import type { TestContext } from 'node:test';
import type { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import type { UserId } from '../../src/matrix/ids.js';
import { type EmbeddedOptions, EmbeddedHomeserver, type TestAnswer, type TestUser } from './embedded-homeserver.js';

const client = '/_matrix/client/v3';

/** A configuration that lets everybody list rooms in the directory. */
export const openDirectory: Partial<HomeserverConfig> = {
  roomListPublicationRules: [{ userId: '*', roomId: '*', alias: '*', action: 'allow' }],
};

/** An event in an answer. */
export type ShownEvent = Readonly<Record<string, unknown>>;

/** A homeserver with users who talk in rooms, closed at the end of the test. */
export class RoomWorld {
  private transactions = 0;

  private constructor(readonly hs: EmbeddedHomeserver) {}

  static async open(t: TestContext, options: EmbeddedOptions = {}): Promise<RoomWorld> {
    return new RoomWorld(await EmbeddedHomeserver.open(t, options));
  }

  /** Registers users of these names. */
  async users<const Names extends readonly string[]>(
    ...names: Names
  ): Promise<{ readonly [Index in keyof Names]: TestUser }> {
    const users: TestUser[] = [];
    for (const name of names) users.push(await this.hs.register(name));
    return users as { readonly [Index in keyof Names]: TestUser };
  }

  /** Registers an administrator. */
  async admin(name = 'admin'): Promise<TestUser> {
    const user = await this.hs.register(name);
    this.hs.homeserver.services.userStore.setFlag(user.userId as UserId, 'admin', true);
    return user;
  }

  /** Makes a request; paths that begin with `/_` are whole, others those of the client API's v3. */
  request(user: TestUser | undefined, method: string, path: string, body?: unknown): Promise<TestAnswer> {
    return this.hs.request(user, method, path.startsWith('/_') ? path : `${client}${path}`, body);
  }

  get(user: TestUser | undefined, path: string): Promise<TestAnswer> {
    return this.request(user, 'GET', path);
  }

  /** Makes a request that must succeed. */
  async done(user: TestUser | undefined, method: string, path: string, body: unknown = {}): Promise<TestAnswer> {
    const answer = await this.request(user, method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** Sends a text message, or an event of another type; its ID. */
  async send(user: TestUser, roomId: string, content: string | object, type = 'm.room.message'): Promise<string> {
    const path = `/rooms/${roomId}/send/${type}/t${++this.transactions}`;
    const body = typeof content === 'string' ? { msgtype: 'm.text', body: content } : content;
    return (await this.done(user, 'PUT', path, body)).textAt('event_id');
  }

  /** Sets state; the event's ID. */
  async setState(user: TestUser, roomId: string, type: string, content: object, stateKey = ''): Promise<string> {
    const path = `/rooms/${roomId}/state/${type}/${encodeURIComponent(stateKey)}`;
    return (await this.done(user, 'PUT', path, content)).textAt('event_id');
  }

  /** A member's state event, or its content at a key. */
  async stateOf(user: TestUser, roomId: string, type: string, stateKey = ''): Promise<TestAnswer> {
    return this.get(user, `/rooms/${roomId}/state/${type}/${encodeURIComponent(stateKey)}`);
  }

  async redact(user: TestUser, roomId: string, eventId: string): Promise<void> {
    await this.done(user, 'PUT', `/rooms/${roomId}/redact/${eventId}/t${++this.transactions}`);
  }

  async join(user: TestUser, roomId: string): Promise<void> {
    await this.done(user, 'POST', `/rooms/${roomId}/join`);
  }

  /** What a page of messages says: the body of messages, the type of other events. */
  async texts(user: TestUser, roomId: string, query = 'dir=b&limit=100'): Promise<readonly string[]> {
    return (await this.get(user, `/rooms/${roomId}/messages?${query}`)).listAt('chunk').map(textOf);
  }
}

/** The body of a message, the type of any other event. */
export function textOf(event: ShownEvent): string {
  const body: unknown = Reflect.get(event['content'] as object, 'body');
  return typeof body === 'string' ? body : String(event['type']);
}
