import { type Blame, errorCodes, type ErrorCode } from './codes.js';

/**
 * An error of Vesicle itself: a mistake of the module's author, of the operator, of a remote side, or a bug.
 * Its message is `[CODE]` and the text of the table in `errors/codes.ts`.
 *
 * @example
 * ```ts
 * import { VesicleError } from 'vesicle';
 * const codeOf = (error: unknown) => (error instanceof VesicleError ? error.code : undefined);
 * ```
 */
export class VesicleError extends Error {
  /** The code: public, never renamed. */
  readonly code: ErrorCode;
  /** Whose mistake it is. */
  readonly blame: Blame;

  constructor(code: ErrorCode, args: readonly string[] = [], options?: ErrorOptions) {
    super(`[${code}] ${fill(errorCodes[code].text, args)}`, options);
    this.name = 'VesicleError';
    this.code = code;
    this.blame = errorCodes[code].blame;
  }
}

function fill(text: string, args: readonly string[]): string {
  return text.replace(/\{(\d)\}/g, (whole, index: string) => args[Number(index)] ?? whole);
}
