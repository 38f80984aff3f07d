import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/errors/config-error.js';
import { HostError } from '../../../src/errors/host-error.js';
import { HttpResponseException } from '../../../src/errors/http-response-exception.js';
import { InvalidClientCredentialsError, RedirectException, SynapseError } from '../../../src/errors/synapse-error.js';
import { decodeError, encodeError } from '../../../src/synapse/protocol/wire-errors.js';

/** What an error is after both ways. */
function returned(error: Error): Error {
  return decodeError(JSON.parse(JSON.stringify(encodeError(error))));
}

function redirect(): RedirectException {
  const error = new RedirectException('https://x.test/', 307);
  error.cookies.push('a=1', 'b=2');
  return error;
}

const errors: readonly Error[] = [
  new SynapseError(403, 'no', 'M_FORBIDDEN', { hint: 1 }, { 'Retry-After': '3' }),
  new SynapseError(500, ''),
  new InvalidClientCredentialsError('who?', 'M_UNKNOWN_TOKEN', { soft_logout: true }),
  new HostError('KeyError', "'sender'"),
  new HttpResponseException(404, 'Not Found', new Uint8Array([1, 255])),
  new ConfigError('must not be empty', ['rules', '<item 0>']),
  redirect(),
];

for (const error of errors) {
  test(`${error.name} "${error.message}" is the same error on the other side`, () => {
    const came = returned(error);
    assert.equal(came.constructor, error.constructor);
    const members = (of: Error): object => Object.assign({}, of, { message: of.message, name: of.name });
    assert.deepEqual(JSON.parse(JSON.stringify(members(came))), JSON.parse(JSON.stringify(members(error))));
  });
}

test('an error of a class that only Synapse has is a SynapseError with its status and code', () => {
  const error = decodeError({ type: 'StoreError', message: 'No row found (users)', status: 404, errcode: 'M_UNKNOWN' });
  assert.ok(error instanceof SynapseError);
  assert.deepEqual([error.name, error.status, error.errcode], ['SynapseError', 404, 'M_UNKNOWN']);
});

test('an error of JavaScript is told with its causes', () => {
  const error = new RangeError('outer', { cause: new TypeError('inner', { cause: 'innermost' }) });
  const { stack, ...wire } = encodeError(error, { mayShowStack: true });
  assert.deepEqual(wire, { type: 'RangeError', message: 'outer', causes: ['TypeError: inner', 'string'] });
  assert.match(stack ?? '', /RangeError: outer/);
  assert.equal(encodeError(error).stack, undefined);
});

test('nonsense in place of an error is an error', () => {
  for (const nonsense of [null, 7, 'x', [], {}, { type: 3, status: 'x', path: 'y', headers: [] }]) {
    assert.ok(decodeError(nonsense) instanceof HostError);
  }
  assert.deepEqual(encodeError('thrown text'), { type: 'Error', message: 'thrown text' });
});
