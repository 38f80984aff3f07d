import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findRule } from '../../../src/callbacks/registry.js';
import { subjectOf } from '../../../src/dispatch/subject.js';
import { compileWhen, type Filter } from '../../../src/dispatch/when.js';
import type { MatrixEvent } from '../../../src/matrix/event.js';
import type { JsonObject } from '../../../src/matrix/json.js';
import { argumentOf, eventOf, whenTable as table } from '../../support/when-table.js';
import { sampleEvent } from '../../support/sample-event.js';

const isLocal = (userId: unknown): boolean => String(userId).endsWith(':here');

function compile(
  when: unknown,
  callback = 'spam_checker.check_event_for_spam',
): { filter: Filter; problems: string[] } {
  const problems: string[] = [];
  const [category = '', name = ''] = callback.split('.');
  const subject = subjectOf(Object.keys(findRule(category, name)?.args ?? {}));
  const filter = compileWhen(when, subject, isLocal, (problem) => problems.push(problem));
  return { filter, problems };
}

function passes(when: unknown, event: Partial<MatrixEvent>): boolean {
  const { filter, problems } = compile(when);
  assert.deepEqual(problems, []);
  return filter([sampleEvent(event)]);
}

describe('when', () => {
  for (const { when, event, passes: expected } of table.events) {
    it(`${JSON.stringify(when)} ${expected ? 'takes' : 'leaves'} ${JSON.stringify(event)}`, () => {
      assert.equal(passes(when, eventOf({ ...table.event, ...event })), expected);
    });
  }

  for (const { callback, when, args, passes: expected } of table.arguments) {
    it(`${JSON.stringify(when)} ${expected ? 'takes' : 'leaves'} ${callback} of ${JSON.stringify(args)}`, () => {
      const { filter, problems } = compile(when, callback);
      assert.deepEqual(problems, []);
      assert.equal(filter(args.map(argumentOf)), expected);
    });
  }

  const mistakes: readonly (readonly [when: unknown, problems: readonly string[], callback?: string])[] = [
    ['m.room.message', ['when must be an object of tests']],
    [{ tpye: 'x' }, ['when has no test "tpye". Did you mean "type"?']],
    [{ stateKey: 'x' }, ['when has no test "stateKey". Did you mean "state_key"?']],
    [{ type: [] }, ['when.type: an empty list lets nothing through']],
    [{ type: [{}] }, ['when.type must be a string, a number, a boolean, null, an array of these, or a test']],
    [{ type: {} }, ['when.type must have exactly one of glob, prefix, not, exists']],
    [{ type: { glob: 'a', prefix: 'b' } }, ['when.type must have exactly one of glob, prefix, not, exists']],
    [{ type: { local: true } }, ['when.type must have exactly one of glob, prefix, not, exists']],
    [{ sender: { lokal: true } }, ['when.sender must have exactly one of glob, prefix, not, exists, local']],
    [{ sender: { local: 1 } }, ['when.sender.local must be true or false']],
    [{ type: { glob: [] } }, ['when.type.glob must be a string or an array of strings']],
    [{ type: { prefix: 1 } }, ['when.type.prefix must be a string or an array of strings']],
    [
      { not: { x: 1 }, type: { exists: 'no' } },
      ['when.not has no test "x".', 'when.type.exists must be true or false'],
    ],
    [
      { type: 'x' },
      ['when.type: this callback is not told a type that could be tested'],
      'spam_checker.user_may_invite',
    ],
    [
      { 'content.x': 1 },
      ['when.content.x: this callback is not told a content that could be tested'],
      'spam_checker.user_may_invite',
    ],
  ];
  for (const [when, expected, callback] of mistakes) {
    it(`refuses ${JSON.stringify(when)}`, () => {
      assert.deepEqual(compile(when, callback).problems, expected);
    });
  }
});

describe('when, for any values,', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?', '\u{1F600}'), maxLength: 8 });
  const globRegExp = (glob: string): RegExp => {
    const parts = Array.from(glob, (c) => (c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[.\\+^$()[\]{}|]/, '\\$&')));
    return new RegExp(`^${parts.join('')}$`, 'su');
  };

  it('a glob takes what the regular expression takes', () => {
    fc.assert(
      fc.property(text, text, (glob, value) => {
        assert.equal(passes({ type: { glob } }, { type: value }), globRegExp(glob).test(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('a test and its negation never agree', () => {
    const test = fc.oneof(
      text,
      fc.array(text, { minLength: 1 }),
      fc.record({ glob: text }),
      fc.record({ prefix: text }),
      fc.record({ exists: fc.boolean() }),
    );
    fc.assert(
      fc.property(test, fc.option(text, { nil: undefined }), (one, value) => {
        const event = value === undefined ? {} : { stateKey: value };
        const result = passes({ state_key: one }, event);
        assert.equal(passes({ state_key: { not: one } }, event), !result);
        assert.equal(passes({ not: { state_key: one } }, event), !result);
      }),
    );
  });

  it('a path finds a member however its names are written', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '.', '\\', 'é'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), fc.integer(), (names, value) => {
        const content = names.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as JsonObject;
        const path = names.map((key) => key.replaceAll('\\', '\\\\').replaceAll('.', '\\.')).join('.');
        assert.equal(passes({ [`content.${path}`]: value }, { content }), true);
      }),
    );
  });

  it('no glob takes long', () => {
    const type = 'a'.repeat(5000);
    const start = performance.now();
    assert.equal(passes({ type: { glob: `${'*a'.repeat(50)}b` } }, { type }), false);
    assert.ok(performance.now() - start < 1000);
  });

  it('nonsense is refused or compiled, never thrown at', () => {
    fc.assert(
      fc.property(fc.anything(), (when) => {
        compile(when);
      }),
    );
  });
});
