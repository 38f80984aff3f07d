import type { Class } from '../metadata/metadata-store.js';
import { type ModuleOptions, recordModule } from '../metadata/module-options.js';

/**
 * Marks a class as a module: it can be named in the configuration of a homeserver, which makes one instance for each
 * time it is named.
 *
 * @example
 * ```ts
 * import { Module } from 'vesicle';
 *
 * class GreeterConfig {
 *   greeting = 'hello';
 * }
 *
 * \@Module({ config: GreeterConfig })
 * export class Greeter {
 *   constructor(private readonly config: GreeterConfig) {}
 * }
 * ```
 */
export function Module(options: ModuleOptions = {}): (type: Class) => void {
  return (type) => {
    recordModule(type, options);
  };
}
