import type { EventId, RoomId, UserId } from '../matrix/ids.js';
import type { JsonObject } from '../matrix/json.js';
import type { TestAnswer } from './answer.js';

/** Sends one request as somebody. */
export type SendRequest = (method: string, path: string, body?: JsonObject, token?: string) => Promise<TestAnswer>;

/**
 * A user of the homeserver under test, logged in.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const alice = await hs.user('alice');
 * const room = await alice.createRoom();
 * await alice.send(room, 'hello');
 * ```
 */
export class Actor {
  private transaction = 0;

  constructor(
    private readonly sendRequest: SendRequest,
    readonly userId: UserId,
    readonly accessToken: string,
    readonly deviceId: string,
  ) {}

  /** Any request with this user's access token, whatever the answer. */
  request(method: string, path: string, body?: JsonObject): Promise<TestAnswer> {
    return this.sendRequest(method, path, body, this.accessToken);
  }

  /** Creates a room; throws when it is refused. */
  async createRoom(options: JsonObject = {}): Promise<RoomId> {
    const answer = await this.request('POST', '/_matrix/client/v3/createRoom', options);
    if (answer.status !== 200)
      throw new Error(`createRoom: ${answer.status} ${String(answer.errcode)} ${String(answer.error)}`);
    return answer.body['room_id'] as RoomId;
  }

  /** Sends a text message, or an `m.room.message` with this content. */
  send(roomId: RoomId, message: string | JsonObject): Promise<TestAnswer> {
    const content = typeof message === 'string' ? { msgtype: 'm.text', body: message } : message;
    return this.sendEvent(roomId, 'm.room.message', content);
  }

  /** Sends an event that is no state. */
  sendEvent(roomId: RoomId, type: string, content: JsonObject): Promise<TestAnswer> {
    return this.request(
      'PUT',
      `${room(roomId)}/send/${encodeURIComponent(type)}/${String(++this.transaction)}`,
      content,
    );
  }

  /** Sends a state event. */
  sendState(roomId: RoomId, type: string, content: JsonObject, stateKey = ''): Promise<TestAnswer> {
    return this.request(
      'PUT',
      `${room(roomId)}/state/${encodeURIComponent(type)}/${encodeURIComponent(stateKey)}`,
      content,
    );
  }

  /** Invites a user. */
  invite(roomId: RoomId, userId: UserId): Promise<TestAnswer> {
    return this.request('POST', `${room(roomId)}/invite`, { user_id: userId });
  }

  /** Joins a room by ID or alias. */
  join(roomIdOrAlias: string): Promise<TestAnswer> {
    return this.request('POST', `/_matrix/client/v3/join/${encodeURIComponent(roomIdOrAlias)}`, {});
  }

  /** Leaves a room. */
  leave(roomId: RoomId): Promise<TestAnswer> {
    return this.request('POST', `${room(roomId)}/leave`, {});
  }

  /** An event as this user sees it. */
  event(roomId: RoomId, eventId: EventId): Promise<TestAnswer> {
    return this.request('GET', `${room(roomId)}/event/${encodeURIComponent(eventId)}`);
  }
}

function room(roomId: RoomId): string {
  return `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
}
