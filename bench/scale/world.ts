import { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { type Homeserver, openHomeserver } from '../../src/homeserver/homeserver.js';
import { silentLog } from '../../src/log/silent-log.js';
import type { RoomId } from '../../src/matrix/ids.js';
import type { JsonObject } from '../../src/matrix/json.js';

/** Somebody who makes requests. */
export interface Person {
  readonly userId: string;
  readonly token: string;
}

const client = '/_matrix/client/v3';

/** An event as it is put into the database: valid for readers, though nobody checked or signed it. */
interface PlacedEvent {
  readonly type: string;
  readonly sender: string;
  readonly content: JsonObject;
  readonly stateKey?: string;
}

/** A text that must be there. */
export function textAt(body: JsonObject, key: string): string {
  const value = body[key];
  if (typeof value !== 'string') throw new Error(`No ${key} in ${JSON.stringify(body)}`);
  return value;
}

/** An embedded homeserver in this process, whose database is filled by direct means: 10,000 users are there in a second. */
export class World implements AsyncDisposable {
  private made = 0;

  private constructor(private readonly homeserver: Homeserver) {}

  static async open(settings: Partial<HomeserverConfig> = {}): Promise<World> {
    const config = new HomeserverConfig({ serverName: 'hs.test', listeners: [], bcryptRounds: 4, ...settings });
    return new World(await openHomeserver({ config, modules: [], log: silentLog, databasePath: ':memory:' }));
  }

  /** Somebody with an account, logged in. */
  async register(name: string): Promise<Person> {
    const body = { username: name, password: 'correct horse', auth: { type: 'm.login.dummy' } };
    const answer = await this.request(undefined, 'POST', `${client}/register`, body);
    return { userId: textAt(answer, 'user_id'), token: textAt(answer, 'access_token') };
  }

  /** An empty room that its creator is in. */
  async createRoom(creator: Person): Promise<RoomId> {
    // A content of its own, because the ID of a room follows from its first event.
    const settings = { preset: 'public_chat', creation_content: { number: this.made++ } };
    return textAt(await this.request(creator, 'POST', `${client}/createRoom`, settings), 'room_id') as RoomId;
  }

  /** Makes a request that must succeed; the JSON of the answer. */
  async request(person: Person | undefined, method: string, path: string, body?: object): Promise<JsonObject> {
    const response = await this.homeserver.fetch(this.requestOf(person, method, path, body));
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path}: ${String(response.status)} ${text}`);
    return JSON.parse(text) as JsonObject;
  }

  /** Accounts `name0`, `name1`, ... with display names. */
  addUsers(name: string, count: number, displayName: (index: number) => string): readonly string[] {
    const { database } = this.homeserver.context;
    const { userStore } = this.homeserver.services;
    return database.transaction(() =>
      Array.from({ length: count }, (_, index) => {
        const userId = `@${name}${String(index)}:hs.test` as const;
        const user = { userId: userId as never, passwordHash: null, creationTs: 0, displayName: displayName(index) };
        userStore.create(user);
        return userId;
      }),
    );
  }

  /** Lets users be members of a room. */
  addMembers(roomId: RoomId, userIds: readonly string[]): void {
    const events = userIds.map((userId) => ({
      type: 'm.room.member',
      sender: userId,
      stateKey: userId,
      content: { displayname: userId, membership: 'join' },
    }));
    this.place(roomId, events);
  }

  /** Lets somebody send messages; the IDs of the events. */
  addMessages(roomId: RoomId, sender: string, count: number): readonly string[] {
    const messageOf = (_: unknown, index: number): PlacedEvent => ({
      type: 'm.room.message',
      sender,
      content: { body: `good morning ${String(index)}`, msgtype: 'm.text' },
    });
    return this.place(roomId, Array.from({ length: count }, messageOf));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.homeserver.close(0);
  }

  private requestOf(person: Person | undefined, method: string, path: string, body?: object): Request {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Request(`http://hs.test${path}`, {
      method,
      headers: {
        ...(person !== undefined && { authorization: `Bearer ${person.token}` }),
        ...(text !== undefined && { 'content-length': String(Buffer.byteLength(text)) }),
      },
      ...(text !== undefined && { body: text }),
    });
  }

  private place(roomId: RoomId, events: readonly PlacedEvent[]): readonly string[] {
    const { context, services } = this.homeserver;
    const ids = context.database.transaction(() => events.map((event) => this.insert(roomId, event)));
    services.rooms.rooms.drop(roomId);
    return ids;
  }

  private insert(roomId: RoomId, { type, sender, content, stateKey }: PlacedEvent): string {
    const { context, services } = this.homeserver;
    const eventId = `$made${String(this.made++).padStart(40, '0')}`;
    const position = context.stream.next();
    const now = Date.now();
    const pdu = { auth_events: [], content, depth: position, hashes: {}, origin_server_ts: now, prev_events: [] };
    const named = { ...pdu, room_id: roomId, sender, ...(stateKey !== undefined && { state_key: stateKey }), type };
    services.rooms.eventStore.insert({
      position,
      event_id: eventId as never,
      room_id: roomId,
      type,
      state_key: stateKey ?? null,
      sender: sender as never,
      origin_server_ts: now,
      json: JSON.stringify(named),
      metadata: null,
      is_hidden: 0,
      redacted_by: null,
      contains_url: 0,
    });
    if (stateKey === undefined) return eventId;
    services.rooms.states.set(roomId, { type, state_key: stateKey, event_id: eventId as never }, position);
    services.rooms.states.setMembership({
      user_id: stateKey as never,
      room_id: roomId,
      membership: 'join',
      event_id: eventId as never,
      position,
    });
    return eventId;
  }
}
