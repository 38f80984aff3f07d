import type { CallbackPolicy } from '../callbacks/callback-options.js';
import { type AbstractClass, type Class, MetadataRows } from './metadata-store.js';

/** What a service is asked for by: its class, or a text or symbol given to `@inject`. */
export type ServiceKey = AbstractClass | string | symbol;

/**
 * A class that a module's container makes once and injects, or a key with what stands behind it. What `isShared` is made once
 * for all instances of the module in one process, which several processes of a Synapse may have: it may ask for the
 * configuration, the log and other shared services.
 */
export type ModuleService =
  | Class
  | { readonly provide: ServiceKey; readonly useClass: Class; readonly isShared?: boolean }
  | { readonly provide: ServiceKey; readonly useValue: unknown };

/**
 * Options of `@Module`. The policy holds for all callbacks of the module; a callback's own options go before it.
 *
 * @example
 * ```ts
 * import { Module, type ModuleOptions } from 'vesicle';
 * const options: ModuleOptions = { name: 'greeter', timeout: 1000 };
 *
 * \@Module(options)
 * export class Greeter {}
 * ```
 */
export interface ModuleOptions extends CallbackPolicy {
  /** The class of the module's configuration; without it the module gets the mapping of the file as it is. */
  readonly config?: Class;
  /** What the log calls the module; the name of its class when absent. */
  readonly name?: string;
  /** What the module's constructor and its services can ask for, each made once for the module. */
  readonly services?: readonly ModuleService[];
  /**
   * Which processes of a Synapse the module runs in: `all` (when absent), `background` (the one that runs background tasks),
   * `main`, or the name of a worker. The embedded homeserver is one process and runs every module.
   */
  readonly runOn?: string;
}

const rows = new MetadataRows<ModuleOptions>('module');

/** Records that a class is a module. */
export function recordModule(type: Class, options: ModuleOptions): void {
  rows.add(type, options);
}

/** What `@Module` of this very class said; undefined for a class without it. */
export function readModuleOptions(type: object): ModuleOptions | undefined {
  return rows.own(type).at(-1);
}
