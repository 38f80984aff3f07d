import { VesicleError } from '../errors/vesicle-error.js';
import { type ConstructorParameter, readParameters } from '../metadata/injection.js';
import type { Class } from '../metadata/metadata-store.js';
import type { ServiceKey } from '../metadata/module-options.js';
import { nameOfKey } from './service-key.js';

/** What a container has. */
export interface Surroundings {
  readonly isKnown: (key: ServiceKey) => boolean;
  /** The class that is made for a key; undefined for values. */
  readonly classOf: (key: ServiceKey) => Class | undefined;
  readonly hasConfigClass: boolean;
}

/** Whether a parameter whose type is no class gets the configuration as it stands in the file: the first, called so. */
export function takesRawConfig(parameter: ConstructorParameter, hasConfigClass: boolean): boolean {
  const { key, index, name } = parameter;
  return !hasConfigClass && key === undefined && index === 0 && /conf|options|settings/i.test(name() ?? '');
}

/** Goes through the constructors that making a class will call, and says what cannot be injected. */
export function checkInjection(type: Class, surroundings: Surroundings): readonly VesicleError[] {
  const checked = new Set<Class>();
  const check = (at: Class, path: readonly Class[]): readonly VesicleError[] => {
    if (path.includes(at)) return [new VesicleError('KERNEL_CIRCULAR', [type.name, arrows([...path, at])])];
    if (checked.has(at)) return [];
    checked.add(at);
    const parameters = readParameters(at);
    return parameters.flatMap((parameter) => {
      if (path.length === 0 && takesRawConfig(parameter, surroundings.hasConfigClass)) return [];
      const mistake = checkParameter(at, [...path, at], parameter, surroundings);
      if (mistake !== undefined) return [mistake];
      const next = parameter.key === undefined ? undefined : surroundings.classOf(parameter.key);
      return next === undefined ? [] : check(next, [...path, at]);
    });
  };
  return check(type, []);
}

function checkParameter(
  type: Class,
  path: readonly Class[],
  parameter: ConstructorParameter,
  { isKnown }: Surroundings,
): VesicleError | undefined {
  const { key, isOptional } = parameter;
  if (isOptional || (key !== undefined && isKnown(key))) return undefined;
  const where = placeOf(parameter);
  if (key === undefined) {
    return new VesicleError('INJECT_KEY_ERASED', [type.name, where, erasedRemedy(type), arrows(path)]);
  }
  const remedy = unresolvedRemedy(key);
  return new VesicleError('KERNEL_UNRESOLVED', [
    type.name,
    where,
    nameOfKey(key),
    remedy,
    `${arrows(path)} -> ${nameOfKey(key)}`,
  ]);
}

function placeOf(parameter: ConstructorParameter): string {
  const name = parameter.name();
  return `${String(parameter.index + 1)}${name === undefined ? '' : ` (${name})`}`;
}

function erasedRemedy(type: Class): string {
  return Reflect.hasOwnMetadata('design:paramtypes', type)
    ? 'Import its class as a value (not with "import type"), or name it with @inject(TheClass).'
    : 'Mark the class with @injectable() and compile it with emitDecoratorMetadata; where a tool cannot (esbuild, tsx), name it with @inject(TheClass).';
}

function unresolvedRemedy(key: ServiceKey): string {
  const isForeign = typeof key === 'function' && ['ModuleApi', 'Logger'].includes(key.name);
  return isForeign
    ? 'It is that of another copy of the package: install it once (npm ls vesicle).'
    : 'Add it to the services of @Module, or ask for ModuleApi, Logger or the class of the configuration.';
}

function arrows(path: readonly Class[]): string {
  return path.map((type) => type.name).join(' -> ');
}
