import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields, LogLevel } from '../../../src/log/logger.js';
import { openLog } from '../../../src/log/open-log.js';
import { TextLog } from '../../../src/log/text-log.js';

const now = (): Date => new Date(2026, 0, 1, 7, 8, 9);

function lines(level: LogLevel, message: string, fields: LogFields = {}, least: LogLevel = 'debug'): string {
  let written = '';
  const log = new TextLog({ level: least, now, write: (line) => (written += line) });
  log[level](message, fields);
  return written;
}

const rows: readonly (readonly [title: string, written: string, expected: string])[] = [
  ['a line has time, level and message', lines('info', 'ready'), '07:08:09 INFO  ready\n'],
  ['a module is named first', lines('warn', 'late', { module: 'Guard' }), '07:08:09 WARN  Guard: late\n'],
  [
    'a module that the message names is not named twice',
    lines('info', 'Guard: late', { module: 'Guard' }),
    '07:08:09 INFO  Guard: late\n',
  ],
  [
    'fields follow, quoted where they must be',
    lines('info', 'x', { user: '@a:b', text: 'two words', count: 2, list: [1], none: undefined }),
    '07:08:09 INFO  x user=@a:b text="two words" count=2 list=[1] none=undefined\n',
  ],
  [
    'a text of several lines is indented, so that it forges no line',
    lines('info', 'a\n07:08:09 ERROR b'),
    '07:08:09 INFO  a\n    07:08:09 ERROR b\n',
  ],
  ['control characters do not reach the terminal', lines('info', 'a\u001B[2Jb\r'), '07:08:09 INFO  a [2Jb \n'],
  ['a line below the level is left out', lines('debug', 'x', {}, 'info'), ''],
];

for (const [title, written, expected] of rows) {
  test(title, () => {
    assert.equal(written, expected);
  });
}

test('the stack of an error stands below its line', () => {
  assert.match(lines('error', 'failed', { err: new Error('no') }), /^07:08:09 ERROR failed\n {4}Error: no\n {8}at /);
  assert.equal(lines('error', 'failed', { err: 'no' }), '07:08:09 ERROR failed\n    "no"\n');
});

test('a child adds its fields to every line', () => {
  let written = '';
  const log = new TextLog({ level: 'info', now, write: (line) => (written += line) });
  log.child({ module: 'Guard' }).child({ room: '!r' }).info('x', { user: '@a:b' });
  assert.equal(written, '07:08:09 INFO  Guard: x room=!r user=@a:b\n');
});

test('levels are coloured on a terminal', () => {
  let written = '';
  new TextLog({ level: 'info', now, hasColour: true, write: (line) => (written += line) }).warn('x');
  assert.equal(written, '07:08:09 \u001B[33mWARN \u001B[39m x\n');
});

test('the JSON log writes the same for machines', async () => {
  const written: string[] = [];
  const log = await openLog({ format: 'json', level: 'warn', write: (line) => written.push(line) });
  const child = log.child({ module: 'Guard' });
  child.debug('unseen');
  child.info('unseen');
  child.warn('late', { user: '@a:b' });
  child.error('failed', { err: new Error('no') });
  const [late, failed] = written.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(written.length, 2);
  assert.equal(late?.['msg'], 'late');
  assert.equal(late['module'], 'Guard');
  assert.equal(late['user'], '@a:b');
  assert.equal((failed?.['err'] as { readonly message: string }).message, 'no');
});
