/**
 * Severity of a log line.
 *
 * @example
 * ```ts
 * import { type LogLevel } from 'vesicle';
 * const level: LogLevel = 'warn';
 * ```
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Further fields of a log line. `err` is an error whose stack is printed.
 *
 * @example
 * ```ts
 * import { type LogFields } from 'vesicle';
 * const fields: LogFields = { room: '!abc:example.org' };
 * ```
 */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes log lines. Injected into a module it carries the module's name.
 *
 * @example
 * ```ts
 * import { Logger, Module } from 'vesicle';
 *
 * \@Module()
 * export class Greeter {
 *   constructor(log: Logger) {
 *     log.info('ready');
 *   }
 * }
 * ```
 */
export abstract class Logger {
  abstract readonly debug: (message: string, fields?: LogFields) => void;
  abstract readonly info: (message: string, fields?: LogFields) => void;
  abstract readonly warn: (message: string, fields?: LogFields) => void;
  abstract readonly error: (message: string, fields?: LogFields) => void;
  /** A logger whose lines carry these fields too. */
  abstract readonly child: (fields: LogFields) => Logger;
}
