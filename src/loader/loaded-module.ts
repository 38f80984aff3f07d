import type { CallbackPolicy } from '../callbacks/callback-options.js';
import type { Class } from '../metadata/metadata-store.js';
import type { ModuleService } from '../metadata/module-options.js';

/** What an operator sets for a module, before what its author set. */
export interface OperatorPolicy extends CallbackPolicy {
  /** By callback: `check_event_for_spam`. */
  readonly callbacks?: Readonly<Record<string, CallbackPolicy>>;
}

/** One item of `modules:`, loaded and checked, ready to be run. */
export interface LoadedModule {
  /** What the file calls it: `./word-filter.ts`. */
  readonly name: string;
  /** The class with `@Module`. */
  readonly type: Class;
  /** The validated configuration, or the mapping as it is. */
  readonly config: unknown;
  /** The mapping that the configuration was made of; the configuration when absent. */
  readonly rawConfig?: unknown;
  /** Where it is configured, `file:line:column`. */
  readonly at: string;
  /** Absolute paths of the module's own files, without packages; absent for a class that did not come from a file. */
  readonly files?: readonly string[];
  readonly policy?: OperatorPolicy;
  /** Services in the place of those that the class names; tests give them. */
  readonly services?: readonly ModuleService[];
}
