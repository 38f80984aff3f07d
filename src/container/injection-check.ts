import { type ClassElementMetadata, ClassElementMetadataKind } from '@inversifyjs/core';
import { type BindingConstraints, LazyServiceIdentifier } from 'inversify';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Class } from '../metadata/metadata-store.js';
import { foreignInversify } from './foreign-inversify.js';
import { classOf, isFor, isShared, nameOfKey, type Provider, titleOf } from './provider.js';
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

type Asked = Pick<BindingConstraints, 'name' | 'tags'>;

interface Injection {
  readonly key: unknown;
  readonly asked: Asked;
  /** `parameter 1 of its constructor`. */
  readonly where: string;
  readonly isOptional: boolean;
  readonly isMultiple: boolean;
}

/** Goes through all classes that making a module constructs, before the first is, and finds what cannot be injected. */
export class InjectionCheck {
  readonly mistakes: VesicleError[] = [];
  private readonly checked = new Set<Provider>();
  private readonly checkedOfShared = new Set<Provider>();

  constructor(private readonly injectables: Injectables) {}

  /** Checks what stands behind a provider, and what that asks for. */
  check(provider: Provider, path: readonly Provider[] = [], isOfShared = isShared(provider), asked = plainly): void {
    const steps = [...path, provider];
    if (path.includes(provider)) {
      const [first = provider] = path;
      this.mistakes.push(new VesicleError('KERNEL_CIRCULAR', { class: titleOf(first), circle: arrows(steps) }));
    }
    const [checked, other] = isOfShared ? [this.checkedOfShared, this.checked] : [this.checked, this.checkedOfShared];
    if (checked.has(provider)) return;
    checked.add(provider);
    const type = classOf(provider);
    const standIn = this.injectables.standInOf(provider);
    if (type && standIn && !other.has(provider)) this.mistakes.push(...metadataMistakes(type, standIn, steps));
    for (const injection of injectionsOf(provider, standIn, asked)) this.follow(injection, steps, isOfShared);
  }

  /** Checks what is recorded of a class, whether or not anything asks for it. */
  checkMetadata(provider: Provider): void {
    const type = classOf(provider);
    const standIn = this.injectables.standInOf(provider);
    if (type === undefined || standIn === undefined || this.checked.has(provider)) return;
    if (!this.checkedOfShared.has(provider)) this.mistakes.push(...metadataMistakes(type, standIn, [provider]));
  }

  private follow(injection: Injection, path: readonly Provider[], isOfShared: boolean): void {
    const { key, asked, isMultiple } = injection;
    const { providers, isBoundElsewhere, isPerInstance } = this.injectables;
    const found = providers.filter((provider) => provider.provide === key && isFor(provider, asked));
    // What a ContainerModule brings is bound for each instance of the module.
    const isElsewhere = isBoundElsewhere(key);
    if (isOfShared && (found.some(isPerInstance) || (found.length === 0 && isElsewhere))) {
      const [service, asked] = [endOf(path), nameOfKey(key)];
      this.mistakes.push(new VesicleError('KERNEL_SHARED_ASKS', { service, asked }));
      return;
    }
    for (const provider of found) this.check(provider, path, isOfShared || isShared(provider), asked);
    if (!isMultiple && !isElsewhere && key !== noKey) this.count(found.length, injection, path);
  }

  /** One provider is needed, no more and no less. */
  private count(found: number, { key, asked, where, isOptional }: Injection, path: readonly Provider[]): void {
    const service = nameOfKey(key);
    const place = { class: endOf(path), where, path: `${arrows(path)} -> ${service}` };
    if (found > 1) this.mistakes.push(new VesicleError('KERNEL_AMBIGUOUS', { ...place, service, count: found }));
    if (found > 0 || isOptional) return;
    const others = this.injectables.providers.filter(({ provide }) => provide === key).length;
    const stated = { service: service + statedText(asked), remedy: remedyOf(key, others) };
    this.mistakes.push(new VesicleError('KERNEL_UNRESOLVED', { ...place, ...stated }));
  }
}

/** The title of what asks: the last step of a path. */
function endOf(path: readonly Provider[]): string {
  return path.slice(-1).map(titleOf).join('');
}

const plainly: Asked = { name: undefined, tags: new Map() };

function injectionsOf(provider: Provider, standIn: StandIn | undefined, asked: Asked): readonly Injection[] {
  if ('useExisting' in provider) {
    // An alias without a condition asks with what it is asked with.
    const isForAll = provider.name === undefined && provider.tags === undefined;
    const passed = isForAll ? asked : plainly;
    return [
      { key: provider.useExisting, asked: passed, where: 'useExisting', isOptional: false, isMultiple: isForAll },
    ];
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
  const isMultiple = element.kind === ClassElementMetadataKind.multipleInjection;
  return [{ key, asked: { name, tags }, where, isOptional: optional, isMultiple }];
}

function metadataMistakes(type: Class, standIn: StandIn, path: readonly Provider[]): readonly VesicleError[] {
  const { metadata, constructed, gaps, isInjectable, problem } = standIn;
  const foreign = foreignInversify(type, problem !== undefined);
  if (foreign !== undefined) return [foreign];
  if (problem !== undefined) return [new VesicleError('KERNEL_UNRESOLVABLE', { class: constructed.name, problem })];
  if (gaps.length === 0) return [];
  const isTyped = Reflect.hasOwnMetadata('design:paramtypes', constructed);
  return gaps.map((index) => {
    const element = metadata.constructorArguments[index];
    const isErased = element === undefined || !('value' in element) || element.value === noKey;
    const place = { class: constructed.name, parameter: parameterAt(index), path: arrows(path) };
    if (isInjectable && !isErased) return new VesicleError('INJECT_INCOMPLETE', place);
    const isOfBase = constructed !== type;
    const remedy = `${isInjectable && isTyped ? erasedRemedy : unmarkedRemedy}${isOfBase ? baseRemedy(type) : ''}`;
    return new VesicleError('INJECT_KEY_ERASED', { ...place, remedy });
  });
}

function baseRemedy(type: Class): string {
  return ` Or give ${nameOfKey(type)} a constructor of its own.`;
}

const configRemedy = "The configuration as it stands in the file is @inject('config').";
const unmarkedRemedy = `Mark the class with @injectable() and compile it with emitDecoratorMetadata; where a tool cannot (esbuild, tsx), name it with @inject(TheClass). ${configRemedy}`;
const erasedRemedy = `Import its class as a value (not with "import type"), or name it with @inject(TheClass). ${configRemedy}`;

/** The name and the tags of an injection. */
function statedText({ name, tags }: Asked): string {
  const texts = [...tags].map(([tag, value]) => ` tagged ${String(tag)}: ${String(value)}`);
  return `${name === undefined ? '' : ` named "${String(name)}"`}${texts.join('')}`;
}

function remedyOf(key: unknown, others: number): string {
  if (others > 0) return `Provided for that key: ${others}, with other names or tags. Correct one of them.`;
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

function arrows(path: readonly Provider[]): string {
  return path.map(titleOf).join(' -> ');
}
