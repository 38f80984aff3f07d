import { Configuration } from '../config/configuration.js';
import { authorizationFor, signEvent } from '../homeserver/federation/signing.js';
import { type Homeserver, openHomeserver } from '../homeserver/homeserver.js';
import { eventIdOf } from '../homeserver/rooms/event-hash.js';
import { findRoomVersion } from '../homeserver/rooms/room-version.js';
import { silentLog } from '../log/silent-log.js';
import type { EventId, RoomId, ServerName, UserId } from '../matrix/ids.js';
import type { JsonObject } from '../matrix/json.js';
import { Actor } from './actor.js';
import { readAnswer, type TestAnswer } from './answer.js';

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
  readonly sender: UserId;
  readonly roomId: RoomId;
  readonly content: JsonObject;
  /** Makes it a state event. */
  readonly stateKey?: string;
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

  private constructor(
    private readonly own: Homeserver,
    private readonly local: Homeserver,
  ) {}

  /** Starts a server that can reach the homeserver under test, and be reached by it. */
  static async start(serverName: string, local: Homeserver): Promise<RemoteServer> {
    const configuration = Configuration.of({ server_name: serverName });
    const own = await openHomeserver({
      config: configuration.homeserver,
      modules: [],
      log: silentLog,
      clock: local.context.clock,
    });
    const server = new RemoteServer(own, local);
    local.services.federation.peers.connect(server.serverName, (request) => server.receive(request));
    own.services.federation.peers.connect(local.context.serverName, (request) => local.fetch(request));
    return server;
  }

  get serverName(): ServerName {
    return this.own.context.serverName;
  }

  /** A user of this server, registered when first asked for. */
  async user(userIdOrLocalpart: string): Promise<Actor> {
    const localpart = /^@([^:]*):/.exec(userIdOrLocalpart)?.[1] ?? userIdOrLocalpart;
    let actor = this.actors.get(localpart);
    if (actor === undefined) this.actors.set(localpart, (actor = this.register(localpart)));
    return actor;
  }

  /** Invites a user of the homeserver under test to a room, a new one when none is named; the answer is the one that the inviter gets. */
  async invite(sender: string, target: UserId, roomId?: RoomId): Promise<TestAnswer & { readonly roomId: RoomId }> {
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

  /** Sends an event into a room that this server is in; resolves when the homeserver under test has taken it in or refused it. */
  async send(event: RemoteEvent): Promise<TestAnswer> {
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
    await this.own.idle();
    await this.local.idle();
    await this.own.idle();
  }

  /** A request to the homeserver under test, signed by this server: for what no honest server sends. */
  async request(method: string, uri: string, content?: JsonObject): Promise<TestAnswer> {
    const destination = this.local.context.serverName;
    const signed = { method, uri, destination, ...(content !== undefined && { content }) };
    const authorization = authorizationFor(signed, this.serverName, this.own.services.rooms.signingKey);
    const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
    const init = { method, headers, ...(content !== undefined && { body: JSON.stringify(content) }) };
    const answer = await readAnswer(await this.local.fetch(new Request(`http://${destination}${uri}`, init)));
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

  private async receive(request: Request): Promise<Response> {
    if (new URL(request.url).pathname.startsWith('/_matrix/federation/v1/send/')) {
      this.transactions.push((await request.clone().json()) as JsonObject);
    }
    return this.own.fetch(request);
  }

  private async register(localpart: string): Promise<Actor> {
    const account = { username: localpart, password: `password of ${localpart}`, auth: { type: 'm.login.dummy' } };
    const { body, status } = await this.ask('POST', '/_matrix/client/v3/register', account);
    if (status !== 200) throw new Error(`register: ${String(status)} ${JSON.stringify(body)}`);
    const { user_id: userId, access_token: token, device_id: deviceId } = body;
    return new Actor(this.ask, userId as UserId, token as string, deviceId as string);
  }

  private readonly ask = async (
    method: string,
    path: string,
    body?: JsonObject,
    token?: string,
  ): Promise<TestAnswer> => {
    const headers = {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    };
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    return readAnswer(await this.own.fetch(new Request(`http://${this.serverName}${path}`, init)));
  };
}
