import { ConfigInvalidError } from '../config/config-invalid-error.js';
import type { ErrorCode } from '../errors/codes.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { startHomeserver, type TestOptions } from './start-homeserver.js';

/**
 * Something that keeps a homeserver from starting.
 *
 * @example
 * ```ts
 * import { type StartProblem } from 'vesicle/testing';
 * const isOperators = (problem: StartProblem) => problem.path !== undefined;
 * ```
 */
export interface StartProblem {
  /** Of Vesicle's errors: `CONFIG_INVALID`, `KERNEL_START_FAILED`, ... */
  readonly code: ErrorCode;
  /** Where in the configuration, as Synapse writes it; absent when it is no fault of the configuration. */
  readonly path?: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/**
 * Everything that keeps a homeserver with these modules from starting, as values; empty when it starts. The modules are
 * constructed and started when their configurations are right, and stopped again.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { ConfigError, Module } from 'vesicle';
 * import { checkModules } from 'vesicle/testing';
 *
 * \@Module()
 * class Greeter {
 *   static parseConfig(config: { readonly greeting?: unknown }): unknown {
 *     if (typeof config.greeting !== 'string') throw new ConfigError('must be a text', ['greeting']);
 *     return config;
 *   }
 * }
 *
 * assert.deepEqual(await checkModules({ modules: [[Greeter, { greeting: 5 }]] }), [
 *   { code: 'CONFIG_INVALID', path: 'modules.<item 0>.config.greeting', message: 'must be a text' },
 * ]);
 * ```
 */
export async function checkModules(options: TestOptions): Promise<readonly StartProblem[]> {
  try {
    const hs = await startHomeserver(options);
    await hs.close();
    return [];
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.faults.map((fault) => ({ code: error.code, ...fault }));
    if (error instanceof VesicleError) return [{ code: error.code, message: textOf(error) }];
    throw error;
  }
}

/** The message without the code that it starts with. */
function textOf({ message, code }: VesicleError): string {
  return message.replace(`[${code}] `, '');
}
