import { createHmac } from 'node:crypto';
import { send } from './client.js';
import { isRecord, type Json, textOf } from './format.js';
import type { Variables } from './variables.js';

/** Makes an actor over HTTP and stores its variables; what it is follows from its name. */
export async function makeActor(name: string, baseUrl: string, variables: Variables): Promise<void> {
  const unique = `${name}-${textOf(variables.get('u'))}`;
  const password = `pw-${unique}`;
  const [path, body] = await registration(name, unique, password, baseUrl);
  const answer = await send(baseUrl, { method: 'POST', path, body });
  const user = answer['body'];
  if (answer['status'] !== 200 || !isRecord(user)) throw new Error(`could not make ${name}: ${JSON.stringify(answer)}`);
  const userId = textOf(user['user_id']);
  variables.set(name, userId);
  variables.set(`${name}.localpart`, userId.slice(1).split(':')[0] ?? '');
  variables.set(`${name}.password`, password);
  variables.set(`${name}.token`, user['access_token'] ?? null);
  variables.set(`${name}.device`, user['device_id'] ?? null);
}

async function registration(
  name: string,
  username: string,
  password: string,
  baseUrl: string,
): Promise<[path: string, body: Json]> {
  if (name.startsWith('guest')) return ['/_matrix/client/v3/register?kind=guest', {}];
  if (!name.startsWith('admin')) {
    return ['/_matrix/client/v3/register', { username, password, auth: { type: 'm.login.dummy' } }];
  }
  const path = '/_synapse/admin/v1/register';
  const answer = await send(baseUrl, { method: 'GET', path });
  const nonce = isRecord(answer['body']) ? textOf(answer['body']['nonce']) : '';
  const mac = createHmac('sha1', 'shared').update([nonce, username, password, 'admin'].join('\0')).digest('hex');
  return [path, { nonce, username, password, admin: true, mac }];
}
