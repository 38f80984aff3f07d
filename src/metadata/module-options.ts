import type { ContainerModule, ResolutionContext } from 'inversify';
import type { CallbackPolicy } from '../callbacks/callback-options.js';
import type { Interceptor } from '../callbacks/interceptor.js';
import { type AbstractClass, type Class, MetadataRows } from './metadata-store.js';

/**
 * What a service is asked for by: its class, or a string or symbol given to `@inject`.
 *
 * @example
 * ```ts
 * import { Logger, type ServiceKey } from 'vesicle';
 * const keys: ServiceKey[] = [Logger, 'config', Symbol('words')];
 * ```
 */
export type ServiceKey = AbstractClass | string | symbol;

/**
 * How long an instance of a service lives: as long as the module, for one injection, or for one question of the homeserver
 * (a callback or a web request).
 *
 * @example
 * ```ts
 * import { type ServiceScope } from 'vesicle';
 * const scope: ServiceScope = 'call';
 * ```
 */
export type ServiceScope = 'singleton' | 'transient' | 'call';

/** What a service is asked for by, and which of the injections that ask for that it is for. */
interface ProvidedService {
  readonly provide: ServiceKey;
  /** Only for injections with this `@named`. */
  readonly name?: string | number | symbol;
  /** Only for injections with each of these `@tagged`. */
  readonly tags?: Readonly<Record<string | symbol, unknown>>;
}

/** How many instances of a service there are. */
interface MadeService extends ProvidedService {
  /** @defaultValue the scope that `@injectable` of the class states, else `singleton` */
  readonly scope?: ServiceScope;
  /** Made once for all instances of the module in one process of a module host: it may ask for the configuration, the log and other shared services. */
  readonly isShared?: boolean;
}

/**
 * A service of a module: a class, a key with what stands behind it, or a `ContainerModule` of Inversify.
 *
 * @example
 * ```ts
 * import { injectable, type ModuleService } from 'vesicle';
 * \@injectable()
 * class Strikes {}
 * const services: ModuleService[] = [
 *   Strikes,
 *   { provide: 'strikes', useExisting: Strikes },
 *   { provide: 'limit', useValue: 3 },
 *   { provide: 'started', useFactory: async () => Date.now() },
 * ];
 * ```
 */
export type ModuleService =
  | Class
  | ContainerModule
  | (MadeService & { readonly useClass: Class })
  | (MadeService & { readonly useFactory: (context: ResolutionContext) => unknown })
  | (ProvidedService & { readonly useExisting: ServiceKey })
  | (ProvidedService & { readonly useValue: unknown });

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
  /** The class of the module's configuration; without it the module asks for the mapping of the file with `@inject('config')`. */
  readonly config?: Class;
  /**
   * What the log calls the module.
   *
   * @defaultValue the name of its class
   */
  readonly name?: string;
  /** What the module's constructor and its services can ask for. */
  readonly services?: readonly ModuleService[];
  /** Run around every callback and web resource of the module, the first outermost; those of a member run inside. */
  readonly interceptors?: readonly Class<Interceptor>[];
  /**
   * Which processes of a Synapse the module runs in: `all` (when absent), `background` (the one that runs background tasks),
   * `main`, or the name of a worker. The embedded homeserver is one process and runs every module.
   */
  readonly runOn?: string;
}

const rows = new MetadataRows<ModuleOptions>('module');
const files = new MetadataRows<string>('module-file');

/** Records that a class is a module, and the file that says so. */
export function recordModule(type: Class, options: ModuleOptions, file: string | undefined): void {
  rows.add(type, options);
  if (file !== undefined) files.add(type, file);
}

/** The path of the file in which a class is marked with `@Module`, where that is known. */
export function readModuleFile(type: object): string | undefined {
  return files.all(type).at(-1);
}

/** What `@Module` of this very class said; undefined for a class without it. */
export function readOwnModuleOptions(type: object): ModuleOptions | undefined {
  return rows.own(type).at(-1);
}

/** What `@Module` said of a class, or of the one that it extends: a decorator above `@Module` may have replaced that. */
export function readModuleOptions(type: object): ModuleOptions | undefined {
  return rows.all(type).at(-1);
}
