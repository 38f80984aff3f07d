import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EventBuilder } from '../../../src/homeserver/rooms/model/event-builder.js';
import { contentHashOf, eventIdOf, signedTextOf } from '../../../src/homeserver/rooms/model/event-hash.js';
import { redactPdu } from '../../../src/homeserver/rooms/model/redaction.js';
import { findRoomVersion, type RoomVersion } from '../../../src/homeserver/rooms/model/room-version.js';
import { isSignedBy, SigningKey } from '../../../src/homeserver/rooms/model/signing-key.js';
import { encodeCanonicalJson } from '../../../src/matrix/canonical-json.js';
import type { EventId, RoomId, ServerName, UserId } from '../../../src/matrix/ids.js';
import type { JsonObject } from '../../../src/matrix/json.js';

/** Events that Synapse 1.163.2 hashed, signed and redacted, for the key of the specification's test vectors. */
interface SignedEvent {
  readonly version: string;
  readonly pdu: JsonObject;
  readonly eventId: string;
  readonly redacted: JsonObject;
}

const fixture = new URL('../../../../test/fixtures/signed-events.json', import.meta.url);
const events = JSON.parse(readFileSync(fixture, 'utf8')) as readonly SignedEvent[];
// https://spec.matrix.org/latest/appendices/#cryptographic-test-vectors
const key = new SigningKey('ed25519:1', 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1');
const server = 'domain' as ServerName;

test('JSON is signed as the specification shows', () => {
  assert.equal(
    key.sign('{}'),
    'K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ',
  );
  assert.equal(
    key.sign(encodeCanonicalJson({ two: 'Two', one: 1 })),
    'KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw',
  );
});

for (const { version: id, pdu, eventId, redacted } of events) {
  const version = versionOf(id);
  test(`${pdu['type'] as string} of room version ${id} is hashed, named, signed and redacted as by Synapse`, () => {
    assert.equal(contentHashOf(pdu), (pdu['hashes'] as JsonObject)['sha256']);
    if (id !== '1') assert.equal(eventIdOf(version, pdu), eventId);
    assert.deepEqual(key.signatures(server, signedTextOf(version, pdu)), pdu['signatures']);
    assert.deepEqual(redactPdu(version, pdu), redacted);
  });
}

test('an event that is built here has the hash, the name and the signature of its parts', () => {
  const builder = new EventBuilder(
    server,
    key,
    () => 1_000_000,
    () => '',
  );
  for (const { version: id, pdu } of events.filter((event) => Number(event.version) > 2)) {
    const version = versionOf(id);
    const isFirst = version.hasCreatorPower && pdu['type'] === 'm.room.create';
    const stateKey = pdu['state_key'];
    const event = builder.build(
      {
        type: pdu['type'] as string,
        sender: '@a:domain' as UserId,
        content: pdu['content'] as JsonObject,
        ...(typeof stateKey === 'string' && { stateKey }),
      },
      {
        version,
        prevEvents: ['$a' as EventId],
        authEvents: [],
        depth: 3,
        ...(!isFirst && { roomId: pdu['room_id'] as RoomId }),
      },
    );
    const built = event.getDict() as JsonObject;
    assert.equal(contentHashOf(built), (built['hashes'] as JsonObject)['sha256']);
    assert.equal(eventIdOf(version, built), event.eventId);
    assert.deepEqual(built['signatures'], key.signatures(server, signedTextOf(version, built)));
    assert.equal(event.roomId, isFirst ? `!${event.eventId.slice(1)}` : pdu['room_id']);
  }
});

test('what a module changes in an event changes nothing', () => {
  const builder = new EventBuilder(
    server,
    key,
    () => 1,
    () => '',
  );
  const event = builder.build(
    { type: 'x', sender: '@a:domain' as UserId, content: { a: { b: 1 } } },
    { version: versionOf('11'), roomId: '!r:domain' as RoomId, prevEvents: [], authEvents: [], depth: 1 },
  );
  assert.throws(() => {
    Object.assign(event.content['a'] as object, { b: 2 });
  }, TypeError);
  Object.assign(event.getDict()['content'] as object, { a: 2 });
  assert.deepEqual(event.content, { a: { b: 1 } });
});

test('a signature is right for its server, key and text only', () => {
  const signed = { a: 1, signatures: key.signatures(server, '{"a":1}') };
  assert.equal(isSignedBy(signed, 'domain', 'ed25519:1', key.publicKey), true);
  assert.equal(isSignedBy({ ...signed, unsigned: { age: 1 } }, 'domain', 'ed25519:1', key.publicKey), true);
  assert.equal(isSignedBy({ ...signed, a: 2 }, 'domain', 'ed25519:1', key.publicKey), false);
  assert.equal(isSignedBy(signed, 'other', 'ed25519:1', key.publicKey), false);
  assert.equal(isSignedBy(signed, 'domain', 'ed25519:2', key.publicKey), false);
  assert.equal(isSignedBy(signed, 'domain', 'ed25519:1', SigningKey.generate().publicKey), false);
  assert.equal(isSignedBy(signed, 'domain', 'ed25519:1', 'nonsense'), false);
});

function versionOf(id: string): RoomVersion {
  const version = findRoomVersion(id);
  assert.ok(version);
  return version;
}
