import { randomBytes } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../matrix/json.js';
import type { DevServer } from './dev-server.js';

type Server = Pick<DevServer, 'send' | 'url'>;

/** Makes a user and a room, and gives a curl line that sends a text there; or says why a module does not let it. */
export async function makeCurlLine(server: Server, text: string): Promise<string> {
  const username = `try-${randomBytes(4).toString('hex')}`;
  const auth = { type: 'm.login.dummy' };
  const user = await post(server, 'register', { username, password: randomBytes(12).toString('hex'), auth });
  const { access_token: token } = user.body;
  if (typeof token !== 'string') return refused('registering a user', user);
  const room = await post(server, 'createRoom', { preset: 'private_chat' }, token);
  const { room_id: roomId } = room.body;
  if (typeof roomId !== 'string') return refused('creating a room', room);
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/1`;
  const message = JSON.stringify({ msgtype: 'm.text', body: text });
  return `curl -X PUT -H 'Authorization: Bearer ${token}' -d ${quoted(message)} '${server.url}${path}'`;
}

interface JsonResponse {
  readonly status: number;
  readonly body: JsonObject;
}

async function post(server: Server, path: string, body: JsonObject, token?: string): Promise<JsonResponse> {
  const request = new Request(`http://localhost/_matrix/client/v3/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const response = await server.send(request);
  const answer: unknown = await response.json();
  return { status: response.status, body: isJsonObject(answer) ? answer : {} };
}

function refused(what: string, { status, body }: JsonResponse): string {
  return `No curl line: ${what} was refused with ${status} ${JSON.stringify(body)}.`;
}

/** A text as one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
