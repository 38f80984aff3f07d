import { Configuration } from '../config/configuration.js';
import { authorizationFor, signEvent } from '../homeserver/federation/signing.js';
import { type Homeserver, openHomeserver } from '../homeserver/homeserver.js';
import { eventIdOf } from '../homeserver/rooms/model/event-hash.js';
import { findRoomVersion } from '../homeserver/rooms/model/room-version.js';
import { silentLog } from '../log/silent-log.js';
import type { EventId, RoomId, ServerName } from '../matrix/ids.js';
import { isJsonObject, itemsOf, type JsonObject } from '../matrix/json.js';
import { Actor, parseCredentials } from './actor.js';
import { type EventAnswer, granted, readAnswer, type TestAnswer } from './answer.js';
import type { UserIdText } from './id-text.js';
import type { TestClock } from './test-clock.js';
import { requestOf, requestTo, type TestClient } from './test-request.js';
import type { WorkWatch } from './work-watch.js';

/**
 * An event that a remote server's user sends.
 *
 * @example
 * ```ts
 * import { type RoomId, type UserId } from 'vesicle';
 * import { type RemoteEvent } from 'vesicle/testing';
 * const greetingOf = (sender: UserId, roomId: RoomId): RemoteEvent => ({
 *   type: 'm.room.message', sender, roomId, content: { msgtype: 'm.text', body: 'hello' },
 * });
 * ```
 */
export interface RemoteEvent {
  readonly type: string;
  readonly sender: UserIdText;
  readonly roomId: RoomId;
  readonly content: JsonObject;
  /** Makes it a state event. */
  readonly stateKey?: string;
}

/** What a homeserver under test and the servers around it share. */
export interface SharedParts {
  readonly clock: TestClock;
  readonly watch: WorkWatch;
}

/**
 * Another homeserver, in the same process: what its users do arrives, signed with its own key, at the federation endpoints of the
 * homeserver under test, and the other way round. Made by `TestHomeserver.remote`.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const alice = await hs.user('alice');
 * const other = await hs.remote('other.test');
 * await other.invite('@mallory:other.test', alice.userId);
 * ```
 */
export class RemoteServer implements AsyncDisposable {
  /** The transactions that the homeserver under test sent, oldest first. */
  readonly transactions: JsonObject[] = [];
  private readonly actors = new Map<string, Promise<Actor>>();
  private isReachable = true;

  private constructor(
    private readonly own: Homeserver,
    private readonly local: Homeserver,
    private readonly watch: WorkWatch,
  ) {}

  /** @internal Starts a server that can reach the homeserver under test, and be reached by it. */
  static async start(serverName: string, local: Homeserver, { clock, watch }: SharedParts): Promise<RemoteServer> {
    const { homeserver: config } = Configuration.of({ server_name: serverName, bcrypt_rounds: 4 });
    const own = await openHomeserver({ config, modules: [], log: silentLog, clock, aroundWork: watch.around });
    const server = new RemoteServer(own, local, watch);
    local.services.federation.peers.connect(server.serverName, (request) => server.receive(request));
    own.services.federation.peers.connect(local.context.serverName, async (request) =>
      server.isReachable ? local.fetch(request) : unavailable(),
    );
    return server;
  }

  get serverName(): ServerName {
    return this.own.context.serverName;
  }

  /** The events that the homeserver under test sent, as servers exchange them, oldest first. */
  get receivedEvents(): readonly JsonObject[] {
    return this.received('pdus');
  }

  /** What else it sent (typing, receipts, presence, messages to devices), oldest first. */
  get receivedEdus(): readonly JsonObject[] {
    return this.received('edus');
  }

  /** Cuts the server off, as when its network fails: what is sent to it waits, and comes late. */
  disconnect(): void {
    this.isReachable = false;
  }

  /** Lets it be reached again. It gets what waits for it when the pause is over or it sends something itself. */
  reconnect(): void {
    this.isReachable = true;
  }

  /** A user of this server, registered when first asked for. */
  async user(userIdOrLocalpart: string): Promise<Actor> {
    const localpart = /^@([^:]*):/.exec(userIdOrLocalpart)?.[1] ?? userIdOrLocalpart;
    let actor = this.actors.get(localpart);
    if (actor === undefined) this.actors.set(localpart, (actor = this.register(localpart)));
    return actor;
  }

  /** Invites a user of the homeserver under test to a room, a new one when none is named; the answer is the one that the inviter gets. */
  async invite(sender: string, target: UserIdText, roomId?: RoomId): Promise<TestAnswer & { readonly roomId: RoomId }> {
    const actor = await this.user(sender);
    const room = roomId ?? (await actor.createRoom());
    const answer = await actor.invite(room, target);
    await this.settle();
    return { ...answer, roomId: room };
  }

  /** Joins one of this server's users to a room of the homeserver under test. */
  async join(user: string, roomId: RoomId): Promise<TestAnswer> {
    const actor = await this.user(user);
    const via = encodeURIComponent(this.local.context.serverName);
    const path = `/_matrix/client/v3/join/${encodeURIComponent(roomId)}?server_name=${via}&via=${via}`;
    const answer = await actor.request('POST', path, {});
    await this.settle();
    return answer;
  }

  /** Takes one of this server's users out of a room, or declines an invite. */
  async leave(user: string, roomId: RoomId): Promise<TestAnswer> {
    const actor = await this.user(user);
    const answer = await actor.leave(roomId);
    await this.settle();
    return answer;
  }

  /** Sends an event into a room that this server is in; resolves when the homeserver under test has taken it in or refused it. */
  async send(event: RemoteEvent): Promise<EventAnswer> {
    const { type, sender, roomId, content, stateKey } = event;
    const actor = await this.user(sender);
    const answer = await (stateKey === undefined
      ? actor.sendEvent(roomId, type, content)
      : actor.sendState(roomId, type, content, stateKey));
    await this.settle();
    return answer;
  }

  /** Resolves when nothing that passed between the two servers is still being worked on. */
  async settle(): Promise<void> {
    await this.watch.settle();
  }

  /** A request to the homeserver under test, signed by this server: for what no honest server sends. */
  async request(method: string, uri: string, content?: JsonObject): Promise<TestAnswer> {
    const destination = this.local.context.serverName;
    const signed = { method, uri, destination, ...(content !== undefined && { content }) };
    const authorization = authorizationFor(signed, this.serverName, this.own.services.rooms.signingKey);
    const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
    const answer = await readAnswer(await this.local.fetch(requestTo(destination, method, uri, content, { headers })));
    await this.settle();
    return answer;
  }

  /** An event as servers exchange it, with hash and signature of this server, and its ID. */
  signEvent(roomVersion: string, pdu: JsonObject): { readonly event: JsonObject; readonly eventId: EventId } {
    const version = findRoomVersion(roomVersion);
    if (version === undefined) throw new Error(`There is no room version ${roomVersion}`);
    const event = signEvent(version, pdu, this.serverName, this.own.services.rooms.signingKey);
    return { event, eventId: eventIdOf(version, event) };
  }

  /** Takes the server out of the homeserver's reach, and stops it. */
  async close(): Promise<void> {
    this.local.services.federation.peers.disconnect(this.serverName);
    await this.own.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private received(kind: 'pdus' | 'edus'): readonly JsonObject[] {
    return this.transactions.flatMap((transaction) => itemsOf(transaction[kind]).filter(isJsonObject));
  }

  private async receive(request: Request): Promise<Response> {
    if (!this.isReachable) return unavailable();
    if (new URL(request.url).pathname.startsWith('/_matrix/federation/v1/send/')) {
      this.transactions.push((await request.clone().json()) as JsonObject);
    }
    return this.own.fetch(request);
  }

  private async register(localpart: string): Promise<Actor> {
    const account = { username: localpart, password: `password of ${localpart}`, auth: { type: 'm.login.dummy' } };
    const answer = await readAnswer(await this.client.send('POST', '/_matrix/client/v3/register', account));
    return new Actor(this.client, parseCredentials(granted('register', answer).body));
  }

  private readonly client: TestClient = {
    send: (method, path, body, options = {}) => this.own.fetch(requestTo(this.serverName, method, path, body, options)),
    fetch: (input, init) => this.own.fetch(requestOf(this.serverName, input, init)),
  };
}

/** What a proxy answers in front of a server that is not there. */
function unavailable(): Response {
  return Response.json({ errcode: 'M_UNKNOWN', error: 'The server is out of reach' }, { status: 503 });
}
