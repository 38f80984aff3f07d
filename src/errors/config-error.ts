/**
 * Thrown by a module's static `parseConfig`: the configuration is wrong, and the server must not start
 * (`synapse.module_api.errors.ConfigError`). The error shown names the place in the file.
 *
 * @example
 * ```ts
 * import { ConfigError } from 'vesicle';
 * throw new ConfigError('must not be empty', ['rules', '0', 'pattern']);
 * ```
 */
export class ConfigError extends Error {
  constructor(
    message: string,
    /** Where in the module's `config` the fault is: keys, and `<item N>` or numbers for list elements. */
    readonly path: readonly (string | number)[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ConfigError';
  }
}
