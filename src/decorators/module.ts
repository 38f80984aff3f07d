import { InversifyCoreError, InversifyCoreErrorKind } from '@inversifyjs/core';
import { injectable } from 'inversify';
import { callingFile } from '../metadata/calling-file.js';
import type { Class } from '../metadata/metadata-store.js';
import { type ModuleOptions, recordModule } from '../metadata/module-options.js';
import { refuseStandard } from './standard-decorator.js';

export { type AbstractClass, type Class } from '../metadata/metadata-store.js';
export {
  type ModuleOptions,
  type ModuleService,
  type ServiceKey,
  type ServiceScope,
} from '../metadata/module-options.js';

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
  return (type: Class, context?: unknown) => {
    refuseStandard('@Module', context);
    makeInjectable(type);
    recordModule(type, options, callingFile());
  };
}

/** As `@injectable()` does, which may stand on the class already. */
function makeInjectable(type: Class): void {
  try {
    injectable()(type);
  } catch (error) {
    if (!InversifyCoreError.isErrorOfKind(error, InversifyCoreErrorKind.injectionDecoratorConflict)) throw error;
  }
}
