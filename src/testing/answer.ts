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
  readonly errcode?: string;
  readonly error?: string;
}

/** Reads a Fetch response whole. */
export async function readAnswer(response: Response): Promise<TestAnswer> {
  const { status, headers } = response;
  const body = parseObject(await response.text());
  const { errcode, error } = body;
  return {
    status,
    headers,
    body,
    ...(typeof errcode === 'string' && { errcode }),
    ...(typeof error === 'string' && { error }),
  };
}

function parseObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}
