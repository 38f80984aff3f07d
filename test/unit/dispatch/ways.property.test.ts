import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { callbackCategories, callbackNames, findRule } from '../../../src/callbacks/registry.js';
import { NEXT } from '../../../src/callbacks/rule.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { tuple } from '../../../src/matrix/tuple.js';
import { NOT_SPAM } from '../../../src/callbacks/spam-verdict.js';
import { RegistrationBehaviour } from '../../../src/callbacks/spam-checker.js';
import { RecordingLog } from '../../support/recording-log.js';

/** Answers of every shape, and throws. */
const answers: readonly unknown[] = [
  NOT_SPAM,
  'NOT_SPAM',
  'text',
  '',
  true,
  false,
  null,
  undefined,
  0,
  1,
  {},
  { a: 1 },
  [],
  [true, { b: 2 }],
  [false, null],
  tuple(true, null),
  tuple('@a:here', null),
  tuple(Codes.FORBIDDEN, { x: 1 }),
  Codes.LIMIT_EXCEEDED,
  RegistrationBehaviour.ALLOW,
  RegistrationBehaviour.SHADOW_BAN,
  new Set(['@a:here']),
  new Set(['@b:here']),
  'ALL',
  new Map([['@a:here', new Set([1])]]),
  new Map<unknown, unknown>([['@b:here', 1]]),
  new Error('broken'),
  new SynapseError(418, 'teapot', Codes.BAD_STATE),
];

const paired = ['get_users_for_states', 'get_interested_users'];

/** What the rule says, said once more in the plainest way. */
function expected(
  category: string,
  name: string,
  given: readonly unknown[],
): { result?: unknown; error?: unknown; asked: number } {
  const rule = findRule(category, name) ?? assert.fail();
  const soFar = rule.neutral();
  for (const [index, answer] of given.entries()) {
    let error: unknown = answer instanceof Error ? answer : undefined;
    if (error === undefined) {
      try {
        const result = rule.judge(answer, soFar, () => undefined);
        if (result !== NEXT) return { result, asked: index + 1 };
        continue;
      } catch (thrown) {
        error = thrown;
      }
    }
    const { throws } = rule;
    if (throws.kind === 'logged') continue;
    const isKept = throws.kind === 'propagates' || (throws.keepsSynapseError && error instanceof SynapseError);
    return { error: isKept ? error : throws.error(error), asked: index + 1 };
  }
  return { result: soFar, asked: given.length };
}

describe('for any answers', () => {
  for (const category of callbackCategories) {
    for (const name of callbackNames(category) ?? []) {
      const isSingle = findRule(category, name)?.combine === 'single';
      it(`${category}.${name} gives what its rule says, asked plainly or watched`, async () => {
        const lists = fc.array(fc.constantFrom(...answers), { maxLength: isSingle ? 1 : 5 });
        await fc.assert(
          fc.asyncProperty(lists, fc.boolean(), async (given, isObserved) => {
            const dispatch = new Dispatcher({ log: new RecordingLog() });
            if (isObserved) dispatch.observe(() => undefined);
            let asked = 0;
            for (const answer of given) {
              const handler = async (): Promise<unknown> => {
                asked++;
                if (answer instanceof Error) throw answer;
                return answer;
              };
              const callbacks = paired.includes(name)
                ? paired
                : name === 'on_update' || category !== 'background_update_controller'
                  ? [name]
                  : ['on_update', name];
              dispatch.register({
                module: 'A',
                category,
                callbacks: callbacks.map((callback) => ({ name: callback, handler })),
              });
            }
            const should = expected(category, name, given);
            const ask = dispatch.ask.bind(dispatch) as (category: string, name: string) => Promise<unknown>;
            if ('error' in should) await assert.rejects(ask(category, name), should.error as Error);
            else assert.deepEqual(await ask(category, name), should.result);
            assert.equal(asked, should.asked);
          }),
          { numRuns: 60 },
        );
      });
    }
  }
});
