import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiMethods } from '../../src/module-api/api-methods.js';
import { compileModules } from '../support/exported-docs.js';
import { readMembers } from './module-api-members.js';
import { apiAreas } from './module-api-reference.js';

const members = apiAreas.flatMap(([, file, name]) => readMembers(file, name));

/** What examples speak of. */
const prelude = `
import { type CachedFunction, type ModuleApi, NOT_SPAM, type RoomAlias, type RoomId, type UserId } from 'vesicle';
declare const api: ModuleApi;
declare const userId: UserId;
declare const other: UserId;
declare const roomId: RoomId;
declare const roomAlias: RoomAlias;
declare const request: Request;
declare const scoreOf: CachedFunction<readonly [string], number>;
declare const cleanUp: () => Promise<void>;
export const used = [api, NOT_SPAM, userId, other, roomId, roomAlias, request, scoreOf, cleanUp];
`;

test('every property and method of ModuleApi says what it is, and has an example that compiles', () => {
  assert.equal(members.length, 68);
  const silent = members.filter(({ comment, examples }) => comment === '' || examples.length === 0);
  assert.deepEqual(
    silent.map(({ name }) => name),
    [],
  );
  const texts = new Map(
    members.map(({ name, examples }) => [
      `api-${name}`,
      `${prelude}\nexport async function example() {\n${examples.join('\n')}\n}`,
    ]),
  );
  assert.deepEqual(compileModules(texts), []);
});

test('a method is deprecated in its documentation when its row says so, and names what to call instead', () => {
  const told = members.flatMap(({ name, deprecated }) => (deprecated === undefined ? [] : [[name, deprecated]]));
  const rows = Object.entries(apiMethods).flatMap(([name, row]) =>
    'deprecated' in row ? [[name, row.deprecated]] : [],
  );
  assert.ok(rows.length > 0);
  assert.deepEqual(
    told.map(([name, text = '']) => [name, [...text.matchAll(/`(\w+)`/g)].map(([, method]) => method).join(' and ')]),
    rows,
  );
});
