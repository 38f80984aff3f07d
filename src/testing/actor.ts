import { type EventId, parseRoomId, parseUserId, type RoomId, type UserId } from '../matrix/ids.js';
import { isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../matrix/json.js';
import type { UserProfile } from '../callbacks/spam-checker.js';
import { type EventAnswer, eventAnswer, granted, parseString, readAnswer, type TestAnswer } from './answer.js';
import { EventWatch } from './event-watch.js';
import type { RoomAliasText, UserIdText } from './id-text.js';
import { type ClientEvent, parseEvent, parseEvents, SyncAnswer } from './sync-answer.js';
import type { RequestBody, RequestOptions, TestClient } from './test-request.js';

const client = '/_matrix/client/v3';

/** So that nothing is left out. */
const usualFilter = { room: { timeline: { limit: 1000 } } };

/** Longer than tests move the clock. */
const veryLongMs = 1e13;

/**
 * Who somebody is for the homeserver.
 *
 * @example
 * ```ts
 * import { startHomeserver, type Credentials } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const credentials: Credentials = await hs.user('alice');
 * ```
 */
export interface Credentials {
  readonly userId: UserId;
  readonly accessToken: string;
  readonly deviceId: string;
}

/**
 * How to sync.
 *
 * @example
 * ```ts
 * import { type SyncOptions } from 'vesicle/testing';
 * const everything: SyncOptions = { since: null, setPresence: 'offline' };
 * ```
 */
export interface SyncOptions {
  /** Where to go on; where this actor's last `sync` ended when absent, from the beginning when null. */
  readonly since?: string | null;
  /** How long to wait for news, in milliseconds on the clock of the homeserver; not at all when absent. */
  readonly timeout?: number;
  readonly filter?: JsonObject;
  readonly setPresence?: 'online' | 'unavailable' | 'offline';
  readonly signal?: AbortSignal;
}

/**
 * A user of a homeserver, logged in. Every call is a request of a client. A method that does something resolves with the answer,
 * a refusal too; one that gives a value (a room, an event, a profile) rejects with a {@link RefusedError}.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const alice = await hs.user('alice');
 * const room = await alice.createRoom({ preset: 'public_chat' });
 * const { status, eventId } = await alice.send(room, 'hello');
 * await alice.react(room, eventId, '👍');
 * ```
 */
export class Actor implements Credentials {
  readonly userId: UserId;
  readonly accessToken: string;
  readonly deviceId: string;
  private transaction = 0;
  private position: string | undefined;
  private watch: EventWatch | undefined;

  /** @internal Made by `TestHomeserver` and `RemoteServer`. */
  constructor(
    private readonly client: TestClient,
    credentials: Credentials,
  ) {
    this.userId = credentials.userId;
    this.accessToken = credentials.accessToken;
    this.deviceId = credentials.deviceId;
  }

  /** Any request with this user's access token, whatever the answer. */
  async request(method: string, path: string, body?: RequestBody, options: RequestOptions = {}): Promise<TestAnswer> {
    return readAnswer(await this.client.send(method, path, body, { token: this.accessToken, ...options }));
  }

  /**
   * The global `fetch`, asked of this homeserver, with this user's access token unless another is given:
   * `alice.fetch('/_matrix/client/v3/account/whoami')`.
   */
  fetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
    if (!headers.has('Authorization')) headers.set('Authorization', `Bearer ${this.accessToken}`);
    return this.client.fetch(input, { ...init, headers });
  }

  // rooms

  /** Creates a room; `options` are the body of the request. */
  async createRoom(options: JsonObject = {}): Promise<RoomId> {
    const answer = await this.request('POST', `${client}/createRoom`, options);
    return parseRoomId(granted('createRoom', answer).body['room_id']);
  }

  /** Gives a room an alias. */
  createAlias(roomId: RoomId, alias: RoomAliasText): Promise<TestAnswer> {
    return this.request('PUT', `${client}/directory/room/${encodeURIComponent(alias)}`, { room_id: roomId });
  }

  /** Invites a user. */
  invite(roomId: RoomId, userId: UserIdText, reason?: string): Promise<TestAnswer> {
    return this.changeMembership('invite', roomId, userId, reason);
  }

  /** Joins a room by ID or alias. */
  join(roomIdOrAlias: RoomId | RoomAliasText): Promise<TestAnswer> {
    return this.request('POST', `${client}/join/${encodeURIComponent(roomIdOrAlias)}`, {});
  }

  /** Asks to be let into a room. */
  knock(roomIdOrAlias: RoomId | RoomAliasText, reason?: string): Promise<TestAnswer> {
    return this.request('POST', `${client}/knock/${encodeURIComponent(roomIdOrAlias)}`, reasonBody(reason));
  }

  /** Leaves a room, or declines an invite. */
  leave(roomId: RoomId): Promise<TestAnswer> {
    return this.request('POST', `${pathOf(roomId)}/leave`, {});
  }

  /** Removes a user from a room. */
  kick(roomId: RoomId, userId: UserIdText, reason?: string): Promise<TestAnswer> {
    return this.changeMembership('kick', roomId, userId, reason);
  }

  /** Removes a user from a room for good. */
  ban(roomId: RoomId, userId: UserIdText, reason?: string): Promise<TestAnswer> {
    return this.changeMembership('ban', roomId, userId, reason);
  }

  /** Lets a banned user in again. */
  unban(roomId: RoomId, userId: UserIdText): Promise<TestAnswer> {
    return this.changeMembership('unban', roomId, userId);
  }

  /** Who is in a room. */
  async members(roomId: RoomId): Promise<readonly UserId[]> {
    const answer = await this.request('GET', `${pathOf(roomId)}/joined_members`);
    const { joined } = granted('members', answer).body;
    return Object.keys(isJsonObject(joined) ? joined : {}).map((id) => parseUserId(id));
  }

  // events

  /** Sends a text message, or an `m.room.message` with this content. */
  send(roomId: RoomId, message: string | JsonObject): Promise<EventAnswer> {
    const content = typeof message === 'string' ? { msgtype: 'm.text', body: message } : message;
    return this.sendEvent(roomId, 'm.room.message', content);
  }

  /** Sends an event that is no state. */
  async sendEvent(roomId: RoomId, type: string, content: JsonObject): Promise<EventAnswer> {
    const path = `${pathOf(roomId)}/send/${encodeURIComponent(type)}/${this.nextTransaction()}`;
    return eventAnswer(`sendEvent ${type}`, await this.request('PUT', path, content));
  }

  /** Sends a state event. */
  async sendState(roomId: RoomId, type: string, content: JsonObject, stateKey = ''): Promise<EventAnswer> {
    return eventAnswer(`sendState ${type}`, await this.request('PUT', statePath(roomId, type, stateKey), content));
  }

  /** Reacts to an event. */
  react(roomId: RoomId, eventId: EventId, key: string): Promise<EventAnswer> {
    const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: eventId, key } };
    return this.sendEvent(roomId, 'm.reaction', content);
  }

  /** Replaces the text of a message. */
  edit(roomId: RoomId, eventId: EventId, text: string): Promise<EventAnswer> {
    const replacement = { msgtype: 'm.text', body: text };
    return this.send(roomId, {
      msgtype: 'm.text',
      body: `* ${text}`,
      'm.new_content': replacement,
      'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
    });
  }

  /** Takes back the content of an event. */
  async redact(roomId: RoomId, eventId: EventId, reason?: string): Promise<EventAnswer> {
    const path = `${pathOf(roomId)}/redact/${encodeURIComponent(eventId)}/${this.nextTransaction()}`;
    return eventAnswer('redact', await this.request('PUT', path, reasonBody(reason)));
  }

  /** Reports an event to the admins of the server. */
  report(roomId: RoomId, eventId: EventId, reason = ''): Promise<TestAnswer> {
    return this.request('POST', `${pathOf(roomId)}/report/${encodeURIComponent(eventId)}`, { reason });
  }

  /** An event as this user sees it. */
  async event(roomId: RoomId, eventId: EventId): Promise<ClientEvent> {
    const answer = await this.request('GET', `${pathOf(roomId)}/event/${encodeURIComponent(eventId)}`);
    return parseEvent(granted('event', answer).body);
  }

  /** The content of a state event; undefined when the room has none. */
  async state(roomId: RoomId, type: string, stateKey = ''): Promise<JsonObject | undefined> {
    return this.read(`state ${type}`, statePath(roomId, type, stateKey));
  }

  /** The last events of a room, oldest first. */
  async messages(roomId: RoomId, limit = 100): Promise<readonly ClientEvent[]> {
    const answer = await this.request('GET', `${pathOf(roomId)}/messages?dir=b&limit=${String(limit)}`);
    return parseEvents(granted('messages', answer).body['chunk']).toReversed();
  }

  // what is new

  /** Asks for news; the next `sync` goes on where this one ends. */
  async sync(options: SyncOptions = {}): Promise<SyncAnswer> {
    const news = await this.newsSince(options.since === undefined ? this.position : options.since, options);
    this.position = news.nextBatch;
    this.watch = undefined;
    return news;
  }

  /**
   * The first event of a room that is of this type or passes this test, among those since this actor's last `sync` and those to
   * come; the next call goes on behind it. Rejects when none comes within two seconds of real time.
   */
  async waitFor(roomId: RoomId, wanted: string | ((event: ClientEvent) => boolean)): Promise<ClientEvent> {
    const watch = (this.watch ??= new EventWatch((since, signal) =>
      this.newsSince(since ?? this.position, { timeout: veryLongMs, setPresence: 'offline', signal }),
    ));
    return watch.waitFor(roomId, typeof wanted === 'string' ? ({ type }): boolean => type === wanted : wanted);
  }

  // media

  /** Uploads a file; its `mxc:` URI. */
  async upload(file: string | Uint8Array<ArrayBuffer>, options: UploadOptions = {}): Promise<string> {
    const { contentType = 'text/plain', filename } = options;
    const query = filename === undefined ? '' : `?filename=${encodeURIComponent(filename)}`;
    const headers = { 'Content-Type': contentType };
    const answer = await this.request('POST', `/_matrix/media/v3/upload${query}`, file, { headers });
    return parseString(granted('upload', answer).body, 'content_uri');
  }

  /** Downloads a file. */
  async download(uri: string): Promise<Uint8Array> {
    const path = `/_matrix/client/v1/media/download/${uri.replace('mxc://', '')}`;
    const response = await this.fetch(path);
    if (!response.ok) granted('download', await readAnswer(response));
    return new Uint8Array(await response.arrayBuffer());
  }

  // account

  /** Sets the display name. */
  setDisplayName(name: string): Promise<TestAnswer> {
    return this.request('PUT', `${this.profilePath()}/displayname`, { displayname: name });
  }

  /** Sets the avatar to an uploaded picture. */
  setAvatarUrl(uri: string): Promise<TestAnswer> {
    return this.request('PUT', `${this.profilePath()}/avatar_url`, { avatar_url: uri });
  }

  /** The profile of a user, this one when nobody is named. */
  async profile(userId: UserIdText = this.userId): Promise<JsonObject> {
    return granted('profile', await this.request('GET', this.profilePath(userId))).body;
  }

  /** The users that the directory finds. */
  async searchUsers(term: string): Promise<readonly UserProfile[]> {
    const answer = await this.request('POST', `${client}/user_directory/search`, { search_term: term });
    return parseProfiles(granted('searchUsers', answer).body['results']);
  }

  /** Sets account data, of a room when one is named. */
  setAccountData(type: string, content: JsonObject, roomId?: RoomId): Promise<TestAnswer> {
    return this.request('PUT', this.accountDataPath(type, roomId), content);
  }

  /** Account data, of a room when one is named; undefined when there is none. */
  async accountData(type: string, roomId?: RoomId): Promise<JsonObject | undefined> {
    return this.read(`accountData ${type}`, this.accountDataPath(type, roomId));
  }

  /** Says whether the user is there. */
  setPresence(presence: 'online' | 'unavailable' | 'offline', statusMsg?: string): Promise<TestAnswer> {
    const path = `${client}/presence/${encodeURIComponent(this.userId)}/status`;
    return this.request('PUT', path, { presence, ...(statusMsg !== undefined && { status_msg: statusMsg }) });
  }

  /** Has notifications pushed to this device; they arrive in the outbox. */
  addPusher(pushkey: string, pusher: JsonObject = {}): Promise<TestAnswer> {
    return this.request('POST', `${client}/pushers/set`, {
      kind: 'http',
      app_id: 'com.example.app',
      app_display_name: 'Example',
      device_display_name: 'Phone',
      lang: 'en',
      data: { url: 'https://push.example.com/_matrix/push/v1/notify' },
      pushkey,
      ...pusher,
    });
  }

  /** Ends this session. */
  logout(): Promise<TestAnswer> {
    return this.request('POST', `${client}/logout`, {});
  }

  private async newsSince(since: string | null | undefined, options: SyncOptions): Promise<SyncAnswer> {
    const { timeout = 0, filter = usualFilter, setPresence, signal } = options;
    const query = new URLSearchParams({
      timeout: String(timeout),
      filter: JSON.stringify(filter),
      ...(typeof since === 'string' && { since }),
      ...(setPresence !== undefined && { set_presence: setPresence }),
    });
    const path = `${client}/sync?${query.toString()}`;
    const answer = await this.request('GET', path, undefined, signal === undefined ? {} : { signal });
    return new SyncAnswer(granted('sync', answer).body);
  }

  private changeMembership(action: string, roomId: RoomId, userId: UserIdText, reason?: string): Promise<TestAnswer> {
    return this.request('POST', `${pathOf(roomId)}/${action}`, { user_id: userId, ...reasonBody(reason) });
  }

  private async read(what: string, path: string): Promise<JsonObject | undefined> {
    const answer = await this.request('GET', path);
    return answer.errcode === 'M_NOT_FOUND' ? undefined : granted(what, answer).body;
  }

  private nextTransaction(): string {
    return String(++this.transaction);
  }

  private profilePath(userId: UserIdText = this.userId): string {
    return `${client}/profile/${encodeURIComponent(userId)}`;
  }

  private accountDataPath(type: string, roomId: RoomId | undefined): string {
    const room = roomId === undefined ? '' : `/rooms/${encodeURIComponent(roomId)}`;
    return `${client}/user/${encodeURIComponent(this.userId)}${room}/account_data/${encodeURIComponent(type)}`;
  }
}

/**
 * What a file is uploaded as.
 *
 * @example
 * ```ts
 * import { type UploadOptions } from 'vesicle/testing';
 * const picture: UploadOptions = { contentType: 'image/png', filename: 'cat.png' };
 * ```
 */
export interface UploadOptions {
  /** `text/plain` when absent. */
  readonly contentType?: string;
  readonly filename?: string;
}

function pathOf(roomId: RoomId): string {
  return `${client}/rooms/${encodeURIComponent(roomId)}`;
}

function statePath(roomId: RoomId, type: string, stateKey: string): string {
  return `${pathOf(roomId)}/state/${encodeURIComponent(type)}/${encodeURIComponent(stateKey)}`;
}

function reasonBody(reason: string | undefined): JsonObject {
  return reason === undefined ? {} : { reason };
}

/** Who the answer of a registration or a login is about. */
export function parseCredentials(body: JsonObject): Credentials {
  return {
    userId: parseUserId(body['user_id']),
    accessToken: parseString(body, 'access_token'),
    deviceId: parseString(body, 'device_id'),
  };
}

function parseProfiles(value: JsonValue | undefined): readonly UserProfile[] {
  return itemsOf(value).map((profile) => {
    if (isJsonObject(profile) && typeof profile['user_id'] === 'string') return profile as unknown as UserProfile;
    throw new TypeError(`The homeserver sent a profile that is none: ${JSON.stringify(profile)}`);
  });
}
