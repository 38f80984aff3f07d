import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { type ErrorCode, errorCodes, placeholder } from '../../src/errors/codes.js';
import { exampleMessage } from '../docs/error-reference.js';
import { projectText } from '../support/project.js';

const codes = Object.keys(errorCodes) as ErrorCode[];

test('error codes stand in order, so that each stands once', () => {
  assert.deepEqual(codes, [...codes].sort());
});

test('an error code says where it comes from and what is wrong', () => {
  for (const code of codes) assert.match(code, /^[A-Z]+(_[A-Z0-9]+)+$/);
});

test('each error code is used, and each that is used stands in the table', () => {
  const source = globSync('src/**/*.ts', { cwd: process.cwd() })
    .filter((file) => file !== 'src/errors/codes.ts')
    .map((file) => projectText(file))
    .join('\n');
  const used = codes.filter((code) => source.includes(`'${code}'`));
  assert.deepEqual(used, codes);
});

describe('the text of each error', () => {
  for (const code of codes) {
    const { text } = errorCodes[code];
    it(`${code}: has named gaps for what differs`, () => {
      const names = [...text.matchAll(placeholder)].map(([, name]) => name ?? '');
      assert.ok(names.length > 0, 'it says the same of everything');
      for (const name of names) assert.match(name, /^[a-z]{2,}([A-Z][a-z]+)*$/);
      // Other braces are code of an example, which has spaces.
      assert.doesNotMatch(text.replace(placeholder, ''), /\{\S*\}/);
    });

    it(`${code}: is a sentence, and says what to do, unless what it quotes does`, () => {
      const [first = '', ...more] = text.split(/[.!?](?:\s|\{\w+\}|$)/).filter((sentence) => sentence !== '');
      assert.match(first, /^[A-Z{"'-]/);
      const isLeftToQuoted = /\{(?:problem|faults|mistakes|hint|output)\}\.?$/.test(text);
      assert.ok(more.length > 0 || isLeftToQuoted, `nothing is said but "${first}"`);
    });

    it(`${code}: reads well when it is filled in`, () => {
      const message = exampleMessage(code);
      assert.ok(message.startsWith(`[${code}] `));
      assert.doesNotMatch(message, /\{\w*\}/, 'a gap is left');
      assert.doesNotMatch(message, /(?:^|\s)(?:\.\.|[.,;:])(?:\s|$)|\S {2,}\S|\s$/, 'a gap is filled with too little');
    });
  }
});
