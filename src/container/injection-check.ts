import { type ClassElementMetadata, ClassElementMetadataKind } from '@inversifyjs/core';
import { type BindingConstraints, LazyServiceIdentifier } from 'inversify';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Class } from '../metadata/metadata-store.js';
import { foreignInversify } from './foreign-inversify.js';
import { classOf, isFor, isShared, nameOfKey, type Provider } from './provider.js';
import { noKey, type StandIn } from './stand-in.js';

/** What there is to inject in a module. */
export interface Injectables {
  readonly providers: readonly Provider[];
  readonly standInOf: (provider: Provider) => StandIn | undefined;
  /** Whether a `ContainerModule` binds a key. */
  readonly isBoundElsewhere: (key: unknown) => boolean;
  /** Whether each instance of the module has its own. */
  readonly isPerInstance: (provider: Provider) => boolean;
}

interface Injection {
  readonly key: unknown;
  readonly asked: Pick<BindingConstraints, 'name' | 'tags'>;
  /** `parameter 1 of its constructor`. */
  readonly where: string;
  readonly isNeeded: boolean;
}

/** Goes through all classes that making a module constructs, before the first is, and finds what cannot be injected. */
export class InjectionCheck {
  readonly mistakes: VesicleError[] = [];
  private readonly checked = new Set<Provider>();

  constructor(private readonly injectables: Injectables) {}

  /** Checks what stands behind a provider, and what that asks for. */
  check(provider: Provider, path: readonly unknown[] = [], isOfShared = isShared(provider)): void {
    const steps = [...path, classOf(provider) ?? provider.provide];
    if (path.includes(steps.at(-1))) {
      this.mistakes.push(new VesicleError('KERNEL_CIRCULAR', [nameOfKey(path[0]), arrows(steps)]));
    }
    if (this.checked.has(provider)) return;
    this.checked.add(provider);
    const type = classOf(provider);
    const standIn = this.injectables.standInOf(provider);
    if (type && standIn) this.mistakes.push(...metadataMistakes(type, standIn, steps));
    for (const injection of injectionsOf(provider, standIn)) this.follow(injection, steps, isOfShared);
  }

  private follow({ key, asked, where, isNeeded }: Injection, path: readonly unknown[], isOfShared: boolean): void {
    const { providers, isBoundElsewhere, isPerInstance } = this.injectables;
    const who = nameOfKey(path.at(-1));
    const found = providers.filter((provider) => provider.provide === key && isFor(provider, asked));
    if (isOfShared && found.some(isPerInstance)) {
      this.mistakes.push(new VesicleError('KERNEL_SHARED_ASKS', [who, nameOfKey(key)]));
      return;
    }
    for (const provider of found) this.check(provider, path, isOfShared || isShared(provider));
    if (found.length > 0 || !isNeeded || key === noKey || isBoundElsewhere(key)) return;
    const what = `${nameOfKey(key)}${asked.name === undefined ? '' : ` named "${String(asked.name)}"`}`;
    const texts = [who, what, where, remedyOf(key), arrows([...path, key])];
    this.mistakes.push(new VesicleError('KERNEL_UNRESOLVED', texts));
  }
}

function injectionsOf(provider: Provider, standIn: StandIn | undefined): readonly Injection[] {
  if ('useExisting' in provider) {
    const asked = { name: undefined, tags: new Map() };
    return [{ key: provider.useExisting, asked, where: 'useExisting', isNeeded: true }];
  }
  if (standIn === undefined) return [];
  const { constructorArguments, properties } = standIn.metadata;
  return [
    ...constructorArguments.flatMap((element, index) => injectionOf(element, parameterAt(index))),
    ...[...properties].flatMap(([property, element]) => injectionOf(element, `its property "${String(property)}"`)),
  ];
}

function injectionOf(element: ClassElementMetadata, where: string): readonly Injection[] {
  if (element.kind === ClassElementMetadataKind.unmanaged) return [];
  const { value, name, tags, optional } = element;
  const key: unknown = LazyServiceIdentifier.is(value) ? value.unwrap() : value;
  const isNeeded = !optional && element.kind === ClassElementMetadataKind.singleInjection;
  return [{ key, asked: { name, tags }, where, isNeeded }];
}

function metadataMistakes(type: Class, standIn: StandIn, path: readonly unknown[]): readonly VesicleError[] {
  const { metadata, constructed, gaps, isInjectable, problem } = standIn;
  const foreign = foreignInversify(type, problem !== undefined);
  if (foreign !== undefined) return [foreign];
  if (problem !== undefined) return [new VesicleError('KERNEL_UNRESOLVABLE', [constructed.name, problem])];
  if (gaps.length === 0) return [];
  const isTyped = Reflect.hasOwnMetadata('design:paramtypes', constructed);
  return gaps.map((index) => {
    const element = metadata.constructorArguments[index];
    const isErased = element === undefined || !('value' in element) || element.value === noKey;
    const place = [constructed.name, parameterAt(index)];
    if (isInjectable && !isErased) return new VesicleError('INJECT_INCOMPLETE', [...place, arrows(path)]);
    const remedy = isInjectable && isTyped ? erasedRemedy : unmarkedRemedy;
    return new VesicleError('INJECT_KEY_ERASED', [...place, remedy, arrows(path)]);
  });
}

const unmarkedRemedy =
  'Mark the class with @injectable() and compile it with emitDecoratorMetadata; where a tool cannot (esbuild, tsx), name it with @inject(TheClass).';
const erasedRemedy =
  'Import its class as a value (not with "import type"), or name it with @inject(TheClass). The configuration as it stands in the file is @inject(\'config\').';

function remedyOf(key: unknown): string {
  if (key === undefined) {
    return 'Its file is not loaded yet (an import cycle): name it with @inject(new LazyServiceIdentifier(() => TheClass)).';
  }
  const isForeign = typeof key === 'function' && ['ModuleApi', 'Logger'].includes(key.name);
  return isForeign
    ? 'Two copies of vesicle are installed, and it is that of the other one: install it once (npm ls vesicle).'
    : 'Add it to the services of @Module, or ask for ModuleApi, Logger or the class of the configuration.';
}

function parameterAt(index: number): string {
  return `parameter ${String(index + 1)} of its constructor`;
}

function arrows(path: readonly unknown[]): string {
  return path.map(nameOfKey).join(' -> ');
}
