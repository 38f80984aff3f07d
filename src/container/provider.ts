import { type BindingConstraints, ContainerModule, type GetOptions } from 'inversify';
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

/** A `ContainerModule` that notes the keys that it binds. */
export function noting(module: ContainerModule, note: (key: ServiceKey) => void): ContainerModule {
  return new ContainerModule((options) =>
    module.load({
      ...options,
      bind: (key) => {
        note(key as ServiceKey);
        return options.bind(key);
      },
    }),
  );
}

/** Whether something is made for a provider, as opposed to values and other names of services. */
export function isMade(provider: Provider): boolean {
  return 'useClass' in provider || 'useFactory' in provider;
}

/** The provider for a container that makes it once. */
export function asSingleton(provider: Provider): Provider {
  return isMade(provider) ? { ...provider, scope: 'singleton' } : provider;
}

/** What a container is asked with for exactly this provider. */
export function optionsOf({ name, tags = {} }: Provider): GetOptions {
  const [tag] = Object.entries(tags);
  return { ...(name !== undefined && { name }), ...(tag && { tag: { key: tag[0], value: tag[1] } }) };
}

/** Whether a provider is for an injection with such a name and tags. */
export function isFor({ name, tags = {} }: Provider, asked: Pick<BindingConstraints, 'name' | 'tags'>): boolean {
  const isNamed = name === undefined || name === asked.name;
  return isNamed && Object.entries(tags).every(([tag, value]) => asked.tags.has(tag) && asked.tags.get(tag) === value);
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

/** A key as a message names it. */
export function nameOfKey(key: unknown): string {
  if (typeof key === 'function') return key.name;
  return typeof key === 'string' ? `"${key}"` : String(key);
}
