import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasDotSegment, hostOfUrl, pathOfTarget, rootedTarget, urlOfRequest } from '../../../src/web/request-target.js';

/** What HTTP can carry in a target, with what means something in a URL more often than the rest. */
const targetCharacter = fc.oneof(
  fc.constantFrom('/', '\\', '?', '#', '@', ':', '%', '.', '%2e', '%2f', ';', '&', '='),
  fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
);
const target = fc.array(targetCharacter, { maxLength: 20 }).map((characters) => `/${characters.join('')}`);
const host = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  fc
    .array(
      fc.constantFrom(
        'evil',
        '.',
        '/',
        '?',
        '#',
        '@',
        ':',
        '\\',
        '80',
        '[',
        ']',
        '::1',
        'u:p@',
        '/admin?x=',
        ' ',
        '%2f',
      ),
      {
        maxLength: 6,
      },
    )
    .map((pieces) => pieces.join('')),
);

/** Bytes, with every percent-encoding resolved. */
function bytesOf(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

test('the URL of a request has the path and query that it was routed by, whatever its header Host says', () => {
  fc.assert(
    fc.property(fc.option(host), target, (header, asked) => {
      const path = pathOfTarget(asked);
      fc.pre(!hasDotSegment(path));
      const url = new URL(urlOfRequest(header, asked));
      assert.equal(bytesOf(url.pathname), bytesOf(path));
      assert.equal(bytesOf(url.search.slice(1)), bytesOf(asked.slice(path.length + 1)));
      assert.deepEqual([url.protocol, url.username, url.password, url.hash], ['http:', '', '', '']);
      assert.notEqual(url.hostname, '');
    }),
    { numRuns: 5_000 },
  );
});

test('a host stays only where it is one', () => {
  const kept = ['hs.test', 'hs.test:8448', '127.0.0.1', '127.0.0.1:80', '[::1]', '[::1]:8008', 'a-b_c', 'HS.test'];
  for (const header of kept) assert.equal(`http://${hostOfUrl(header)}/`, new URL(`http://${header}/`).href);
  const refused = [
    '',
    'u:p@x',
    'evil/x',
    'a?b',
    'a#b',
    'a\\b',
    'a b',
    'a:99999',
    'a:b',
    '[::1',
    '::1',
    'a,b',
    '%41',
    '1.2.3.400',
  ];
  for (const header of refused) assert.equal(hostOfUrl(header), 'localhost', header);
  assert.equal(hostOfUrl(undefined), 'localhost');
});

test('paths that a parser of URLs resolves are told', () => {
  for (const path of ['/.', '/..', '/a/../b', '/a/./b', '/%2e', '/a/%2E./b', '/a/.%2e']) {
    assert.ok(hasDotSegment(path), path);
    assert.notEqual(new URL(`http://a${path}`).pathname, path);
  }
  for (const path of ['/', '/...', '/a..', '/..a', '/a/%2e%2e%2e', '/%252e', '/a/.b'])
    assert.ok(!hasDotSegment(path), path);
});

test('a target without a slash is taken as Twisted takes it', () => {
  assert.equal(rootedTarget('http://a/b'), '/ttp://a/b');
  assert.equal(rootedTarget('/a'), '/a');
});
