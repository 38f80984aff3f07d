import { randomUUID } from 'node:crypto';
import { send } from '../conformance/client.js';
import type { Json } from '../conformance/format.js';

/** An answer of a homeserver. */
export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A user of a homeserver, over HTTP. */
export class MatrixClient {
  private constructor(
    private readonly url: string,
    readonly userId: string,
    readonly token: string,
  ) {}

  /** Registers a user. */
  static async register(url: string, username: string): Promise<MatrixClient> {
    const body = { username, password: `pw-${username}`, auth: { type: 'm.login.dummy' } };
    const { status, body: user } = await request(url, 'POST', '/_matrix/client/v3/register', { body });
    if (status !== 200) throw new Error(`registering ${username}: ${JSON.stringify(user)}`);
    return new MatrixClient(url, String(user['user_id']), String(user['access_token']));
  }

  /** The same user at another address of the homeserver. */
  at(url: string): MatrixClient {
    return new MatrixClient(url, this.userId, this.token);
  }

  async request(method: string, path: string, body?: object): Promise<Answered> {
    return await request(this.url, method, path, { token: this.token, ...(body !== undefined && { body }) });
  }

  /** Makes a room; answers with its ID. */
  async createRoom(body: object = {}): Promise<string> {
    const { body: room } = await this.request('POST', '/_matrix/client/v3/createRoom', body);
    return String(room['room_id']);
  }

  /** Sends a text, with a transaction ID of its own. */
  async send(roomId: string, text: string): Promise<Answered> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${randomUUID()}`;
    return await this.request('PUT', path, { msgtype: 'm.text', body: text });
  }

  /** The texts of a room, oldest first. */
  async texts(roomId: string): Promise<readonly string[]> {
    const texts: string[] = [];
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=f&limit=1000`;
    for (let from = ''; ;) {
      const { body } = await this.request('GET', `${path}${from}`);
      const { chunk, end } = body as unknown as Page;
      texts.push(...chunk.filter((event) => event.type === 'm.room.message').map((event) => event.content.body));
      if (end === undefined || chunk.length === 0) return texts;
      from = `&from=${encodeURIComponent(end)}`;
    }
  }
}

interface Page {
  readonly chunk: readonly { readonly type: string; readonly content: { readonly body: string } }[];
  readonly end?: string;
}

interface Sent {
  readonly token?: string;
  readonly body?: object;
}

/** On a connection of its own: one that is kept may be closed by the server just when it is used again. */
async function request(url: string, method: string, path: string, { token, body }: Sent): Promise<Answered> {
  const answer = await send(url, {
    method,
    path,
    ...(token !== undefined && { token }),
    ...(body !== undefined && { body: body as Json }),
  });
  return { status: Number(answer['status']), body: answer['body'] as Answered['body'] };
}
