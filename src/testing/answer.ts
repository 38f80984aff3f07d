import { type EventId, parseEventId } from '../matrix/ids.js';
import type { JsonObject } from '../matrix/json.js';

/**
 * What a request was answered with. `errcode` and `error` are those of a refusal.
 *
 * @example
 * ```ts
 * import { type TestAnswer } from 'vesicle/testing';
 * const isRefused = (answer: TestAnswer) => answer.errcode === 'M_FORBIDDEN';
 * ```
 */
export interface TestAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly headers: Headers;
  /** The JSON body; empty when the answer is no JSON object. */
  readonly body: JsonObject;
  /** The body as it came. */
  readonly text: string;
  readonly errcode?: string;
  readonly error?: string;
}

/**
 * The answer to a request that makes an event.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const alice = await hs.user('alice');
 * const room = await alice.createRoom();
 * const { eventId } = await alice.send(room, 'hello');
 * ```
 */
export interface EventAnswer extends TestAnswer {
  /** Of the new event; reading it throws a {@link RefusedError} when there is none. */
  readonly eventId: EventId;
}

/**
 * Thrown where a value was expected (a room, a user, an event) and the homeserver refused.
 *
 * @example
 * ```ts
 * import { type Actor, RefusedError } from 'vesicle/testing';
 * const errcodeOf = (alice: Actor) =>
 *   alice.createRoom().catch((error: unknown) => (error instanceof RefusedError ? error.errcode : undefined));
 * ```
 */
export class RefusedError extends Error {
  readonly status: number;
  readonly errcode: string | undefined;

  constructor(
    /** What was asked for. */
    request: string,
    readonly answer: TestAnswer,
  ) {
    super(`${request}: ${String(answer.status)} ${answer.text}`);
    this.name = 'RefusedError';
    this.status = answer.status;
    this.errcode = answer.errcode;
  }
}

/** Reads a Fetch response whole. */
export async function readAnswer(response: Response): Promise<TestAnswer> {
  const { status, headers } = response;
  const text = await response.text();
  const body = parseObject(text);
  const { errcode, error } = body;
  return {
    status,
    headers,
    body,
    text,
    ...(typeof errcode === 'string' && { errcode }),
    ...(typeof error === 'string' && { error }),
  };
}

/** The answer, when it is no refusal. */
export function granted(request: string, answer: TestAnswer): TestAnswer {
  if (answer.status >= 300) throw new RefusedError(request, answer);
  return answer;
}

/** An answer whose `eventId` can be read when there is an event. It is not among what comparisons and prints look at. */
export function eventAnswer(request: string, answer: TestAnswer): EventAnswer {
  const get = (): EventId => parseEventId(granted(request, answer).body['event_id']);
  return Object.defineProperty({ ...answer }, 'eventId', { get, enumerable: false }) as unknown as EventAnswer;
}

function parseObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}

/** A string in an answer; throws when there is none. */
export function parseString(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === 'string') return value;
  throw new TypeError(`The homeserver answered without a string "${name}"`);
}
