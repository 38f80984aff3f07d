import { Code, Codes } from '../errors/matrix-codes.js';
import { isJsonObject, type JsonObject } from '../matrix/json.js';
import { Tuple } from '../matrix/tuple.js';
import { NEXT, type AnyHandler, type Judge, type Row, type Rule } from './rule.js';
import { propagates } from './throws.js';

/**
 * The answer of a spam checker that has nothing against it (`synapse.module_api.NOT_SPAM`).
 *
 * @example
 * ```ts
 * import { NOT_SPAM, type SpamVerdict } from 'vesicle';
 * const verdict: SpamVerdict = NOT_SPAM;
 * ```
 */
export const NOT_SPAM: unique symbol = Symbol('NOT_SPAM');

/**
 * What a spam checker answers: {@link NOT_SPAM}, a code, or a code with further fields for the client.
 *
 * @example
 * ```ts
 * import { Codes, tuple, type SpamVerdict } from 'vesicle';
 * const verdict: SpamVerdict = tuple(Codes.LIMIT_EXCEEDED, { retry_after_ms: 1000 });
 * ```
 */
export type SpamVerdict = typeof NOT_SPAM | Code | Tuple<readonly [Code, JsonObject]>;

/** The combined answer of spam checkers: a refusal, or nothing against it. */
export interface SpamRefusal {
  readonly errcode: string;
  /** Merged into the body that the client gets, after `errcode` and `error`. */
  readonly fields: JsonObject;
  /** Replaces Synapse's own error text. */
  readonly message?: string;
}

/** What the homeserver learns from spam checkers. */
export type SpamOutcome = typeof NOT_SPAM | SpamRefusal;

/** The refusal without further words. */
export const forbidden: SpamRefusal = { errcode: Codes.FORBIDDEN.value, fields: {} };

/** Answers other than NOT_SPAM, a code and (mostly) a tuple that a spam checker takes, since Synapse once did. */
interface LegacyAnswers {
  /** The boolean that accepts; the other one refuses. */
  readonly accepts?: boolean;
  /** `user_may_send_state_event` does not take `(Codes, dict)`. */
  readonly takesNoFields?: boolean;
}

/** The rule of a spam checker whose refusal is a code (`module_api/callbacks/spamchecker_callbacks.py`). */
export function spamGate<Handler extends AnyHandler>({
  accepts,
  takesNoFields,
  ...row
}: Row<Handler> & LegacyAnswers): Rule<Handler, SpamOutcome> {
  return {
    ...row,
    combine: 'first_refusal',
    result: 'spam',
    neutral: () => NOT_SPAM,
    judge: judgeVerdict(accepts, takesNoFields),
    throws: propagates,
    refusal: () => forbidden,
  };
}

/** `check_event_for_spam` also takes a text, which becomes the error, and compares NOT_SPAM by value. */
export const judgeEventVerdict: Judge<SpamOutcome> = (answer, _soFar, warn) => {
  if (answer === NOT_SPAM || answer === 'NOT_SPAM' || answer === false) return NEXT;
  if (answer === true) return forbidden;
  const refusal = readRefusal(answer);
  if (refusal !== undefined) return refusal;
  if (typeof answer === 'string') return { ...forbidden, message: answer };
  warn('an answer that is neither NOT_SPAM, a code, a tuple of code and fields, nor a text: refused');
  return forbidden;
};

function judgeVerdict(accepts: boolean | undefined, takesNoFields = false): Judge<SpamOutcome> {
  return (answer, _soFar, warn) => {
    if (answer === NOT_SPAM || (typeof answer === 'boolean' && answer === accepts)) return NEXT;
    if (typeof answer === 'boolean' && accepts !== undefined) return forbidden;
    const refusal = readRefusal(answer);
    if (refusal !== undefined && !(takesNoFields && answer instanceof Tuple)) return refusal;
    warn('an answer that is neither NOT_SPAM, a code nor a tuple of code and fields: refused');
    return forbidden;
  };
}

function readRefusal(answer: unknown): SpamRefusal | undefined {
  if (answer instanceof Code) return { errcode: answer.value, fields: {} };
  if (!(answer instanceof Tuple)) return undefined;
  const items = answer.items as readonly unknown[];
  const [code, fields] = items;
  if (items.length !== 2 || !(code instanceof Code) || !isJsonObject(fields)) return undefined;
  return { errcode: code.value, fields };
}
