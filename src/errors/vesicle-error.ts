import { type Blame, type ErrorArguments, errorCodes, type ErrorCode, placeholder } from './codes.js';

/**
 * What a {@link VesicleError} is made of: its code, a value for each placeholder of its text, and what caused it.
 *
 * @example
 * ```ts
 * import { type ErrorParts, VesicleError } from 'vesicle';
 * const parts: ErrorParts = ['CLI_DIRECTORY_MISSING', { directory: 'modules' }];
 * const error = new VesicleError(...parts);
 * ```
 */
export type ErrorParts = {
  [Code in ErrorCode]: [code: Code, args: ErrorArguments<Code>, options?: ErrorOptions | undefined];
}[ErrorCode];

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

  constructor(...[code, args, options]: ErrorParts) {
    super(`[${code}] ${fill(errorCodes[code].text, args)}`, options);
    this.name = 'VesicleError';
    this.code = code;
    this.blame = errorCodes[code].blame;
  }
}

function fill(text: string, args: Readonly<Record<string, string | number>>): string {
  return text.replace(placeholder, (whole, name: string) => String(args[name] ?? whole));
}
