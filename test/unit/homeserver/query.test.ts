import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import {
  queryBoolean,
  queryInteger,
  queryString,
  queryStrings,
  requiredQueryInteger,
  requiredQueryString,
} from '../../../src/homeserver/http/server/query.js';

function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof SynapseError);
    assert.equal(error.status, 400);
    return `${error.errcode}: ${error.message}`;
  }
}

const query = (text: string): URLSearchParams => new URLSearchParams(text);

test('integers are read as Python reads them', () => {
  const notInteger = 'M_INVALID_PARAM: Query parameter n must be an integer';
  for (const [text, expected] of [
    ['', undefined],
    ['n=12', 12],
    ['n=%2B7', 7],
    ['n=%201_000%20', 1000],
    ['n=', notInteger],
    ['n=1.0', notInteger],
    ['n=1e3', notInteger],
    ['n=0x10', notInteger],
    ['n=-1', 'M_INVALID_PARAM: Query parameter n must be a positive integer.'],
    ['n=99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['n=1&n=x', 1],
  ] as const) {
    assert.equal(
      outcome(() => queryInteger(query(text), 'n')),
      expected,
      text,
    );
  }
  assert.equal(queryInteger(query('n=-1'), 'n', { negative: true }), -1);
  assert.equal(
    outcome(() => requiredQueryInteger(query(''), 'n')),
    'M_MISSING_PARAM: Missing required integer query parameter n',
  );
});

test('booleans are true or false and nothing else', () => {
  const wrong = "M_INVALID_PARAM: Boolean query parameter 'b' must be one of ['true', 'false']";
  for (const [text, expected] of [
    ['', undefined],
    ['b=true', true],
    ['b=false', false],
    ['b=True', wrong],
    ['b=1', wrong],
    ['b=', wrong],
  ] as const) {
    assert.equal(
      outcome(() => queryBoolean(query(text), 'b')),
      expected,
      text,
    );
  }
});

test('texts are ASCII unless said otherwise, and one of those allowed', () => {
  assert.equal(queryString(query('s=a%20b'), 's'), 'a b');
  assert.equal(
    outcome(() => queryString(query('s=%C3%A4'), 's')),
    "M_UNKNOWN: Query parameter 's' must be ascii",
  );
  assert.equal(queryString(query('s=%C3%A4'), 's', { encoding: 'utf-8' }), 'ä');
  assert.equal(
    outcome(() => queryString(query('s=x'), 's', { allowed: ['a', 'b'] })),
    "M_INVALID_PARAM: Query parameter 's' must be one of ['a', 'b']",
  );
  assert.equal(
    outcome(() => requiredQueryString(query(''), 's')),
    "M_MISSING_PARAM: Missing string query parameter 's'",
  );
  assert.deepEqual(queryStrings(query('s=a&s=b'), 's'), ['a', 'b']);
});
