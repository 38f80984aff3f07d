import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectText } from '../support/project.js';
import { RoomWorld } from '../support/room-world.js';

/** The endpoints that the document names as missing, each as a method and a path. */
function missingEndpoints(): readonly (readonly [method: string, path: string])[] {
  const text = projectText('docs/embedded-homeserver.md');
  const table = text.slice(text.indexOf('these are missing:'));
  return [...table.matchAll(/`(GET|POST|PUT|DELETE) (\/_\S+)`/g)].map(([, method = '', path = '']) => [
    method,
    path.replaceAll(/\{\w+\}/g, 'some'),
  ]);
}

test('what docs/embedded-homeserver.md names as missing answers M_UNRECOGNIZED', async (t) => {
  const world = await RoomWorld.open(t);
  const admin = await world.admin();
  const endpoints = missingEndpoints();
  assert.ok(endpoints.length > 20);
  const there: string[] = [];
  for (const [method, path] of endpoints) {
    const answer = await world.hs.request(admin, method, path, method === 'GET' ? undefined : {});
    if (answer.at('errcode') !== 'M_UNRECOGNIZED') there.push(`${method} ${path}: ${answer.status} ${answer.text}`);
  }
  assert.deepEqual(there, []);
});
