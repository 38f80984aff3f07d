import { type BindingConstraints, Container, ContainerModule, type ResolvedValueInjectOptions } from 'inversify';
import type { Class } from '../metadata/metadata-store.js';
import type { ModuleService, ServiceKey } from '../metadata/module-options.js';

/** A service in its long form. */
export type Provider = Exclude<ModuleService, Class | ContainerModule>;

/** Whether services are brought by a `ContainerModule`, of whichever copy of Inversify. */
export function isContainerModule(service: ModuleService): service is ContainerModule {
  return typeof service === 'object' && 'load' in service;
}

/** Services in their long form, without those of a `ContainerModule`. */
export function providersIn(services: readonly ModuleService[]): readonly Provider[] {
  return services
    .filter((service): service is Class | Provider => !isContainerModule(service))
    .map((service) => (typeof service === 'function' ? { provide: service, useClass: service } : service));
}

/** Providers in one list: a later layer has its own in the place of all that earlier ones have for the same key. */
export function layered(...layers: readonly (readonly Provider[])[]): readonly Provider[] {
  const [first = [], ...others] = layers.filter((layer) => layer.length > 0);
  if (others.length === 0) return first;
  return layers.flatMap((layer, index) => {
    const later = new Set(layers.slice(index + 1).flatMap((one) => one.map(({ provide }) => provide)));
    return layer.filter(({ provide }) => !later.has(provide));
  });
}

/** A `ContainerModule` that notes the keys that it binds; what it binds for a replaced one is bound nowhere. */
export function noting(
  module: ContainerModule,
  note: (key: ServiceKey) => void,
  isReplaced: (key: unknown) => boolean,
): ContainerModule {
  const nowhere = new Container();
  return new ContainerModule((options) =>
    module.load({
      ...options,
      bind: (key) => {
        if (isReplaced(key)) return nowhere.bind(key);
        note(key as ServiceKey);
        return options.bind(key);
      },
      rebind: (key) => {
        note(key as ServiceKey);
        return options.rebind(key);
      },
      rebindAsync: (key) => {
        note(key as ServiceKey);
        return options.rebindAsync(key);
      },
    }),
  );
}

/** Whether something is made for a provider, as opposed to values and other names of services. */
export function isMade(provider: Provider): boolean {
  return 'useClass' in provider || 'useFactory' in provider;
}

/** Something else behind the injections that a provider is for. */
export function inPlaceOf<T extends object>({ provide, name, tags }: Provider, behind: T): T & Placed {
  return { provide, ...(name !== undefined && { name }), ...(tags && { tags }), ...behind };
}

type Placed = Pick<Provider, 'provide' | 'name' | 'tags'>;

const ids = new WeakMap<Provider, symbol>();
const knownIds = new WeakSet<symbol>();

/** A key of a provider alone, whatever else has the same name and tags. */
export function idOf(provider: Provider): symbol {
  const id = ids.get(provider) ?? Symbol(titleOf(provider));
  ids.set(provider, id);
  knownIds.add(id);
  return id;
}

/** A provider under its {@link idOf}. */
export function underId(provider: Provider, scope?: 'singleton'): Provider {
  const { name: _name, tags: _tags, ...behind } = { ...provider, provide: idOf(provider) };
  return scope === undefined ? behind : { ...behind, scope };
}

function tagsOf({ tags = {} }: Provider): readonly (readonly [tag: string | symbol, value: unknown])[] {
  return Reflect.ownKeys(tags).map((tag) => [tag, tags[tag]]);
}

/** What a resolved value asks for a provider with: everything under its key that fits its name and tags. */
export function injectionOf(provider: Provider): MultiInjection {
  const { provide, name } = provider;
  const tags = tagsOf(provider).map(([key, value]) => ({ key, value }));
  return { serviceIdentifier: provide, isMultiple: true, ...(name !== undefined && { name }), tags };
}

type MultiInjection = Extract<ResolvedValueInjectOptions<unknown[]>, { readonly isMultiple: true }>;

/** Whether a provider is for an injection with such a name and tags. */
export function isFor(provider: Provider, asked: Pick<BindingConstraints, 'name' | 'tags'>): boolean {
  const isNamed = provider.name === undefined || provider.name === asked.name;
  return isNamed && tagsOf(provider).every(([tag, value]) => isTagged(asked, tag, value));
}

/** A number is a string as the key of an object, and none as a tag. */
function isTagged({ tags }: Pick<BindingConstraints, 'tags'>, tag: string | symbol, value: unknown): boolean {
  const key = tags.has(tag) || typeof tag === 'symbol' ? tag : Number(tag);
  return tags.has(key) && tags.get(key) === value;
}

/** The class that is made for a provider, if it is one. */
export function classOf(provider: Provider): Class | undefined {
  return 'useClass' in provider ? provider.useClass : undefined;
}

/** Whether a service is made once for all instances of its module. */
export function isShared(provider: Provider): boolean {
  return 'isShared' in provider && provider.isShared;
}

/** Whether there is an instance for each question of the homeserver. */
export function isCallScoped(provider: Provider): boolean {
  return 'scope' in provider && provider.scope === 'call';
}

/** What a message calls a provider: its class, or its key. */
export function titleOf(provider: Provider): string {
  return nameOfKey(classOf(provider) ?? provider.provide);
}

/** A key as a message names it. */
export function nameOfKey(key: unknown): string {
  if (typeof key === 'function')
    return typeof key.name === 'string' && key.name !== '' ? key.name : '(anonymous class)';
  if (typeof key === 'symbol' && knownIds.has(key)) return key.description ?? '';
  return typeof key === 'string' ? `"${key}"` : String(key);
}
