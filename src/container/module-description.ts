import type { CallbackPolicy } from '../callbacks/callback-options.js';
import { isFailurePolicy, isMode, isTimeout } from '../dispatch/callback-policy.js';
import { didYouMean } from '../errors/nearest-name.js';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Class } from '../metadata/metadata-store.js';
import { type ModuleOptions, type ModuleService, readModuleOptions } from '../metadata/module-options.js';
import { checkCached } from './cached-methods.js';
import { type DescribedCallback, describeCallbacks } from './described-callback.js';
import { type DescribedWebResource, describeWebResources } from './described-web-resource.js';
import { throwMistakes } from './one-error.js';

/** Everything the decorators of a module class said, checked. */
export interface ModuleDescription {
  readonly type: Class;
  /** What the log calls it. */
  readonly name: string;
  readonly config: Class | undefined;
  readonly services: readonly ModuleService[];
  readonly policy: CallbackPolicy;
  readonly callbacks: readonly DescribedCallback[];
  readonly webResources: readonly DescribedWebResource[];
}

/** Reads and checks the decorators of a class; all mistakes are in one error. */
export function describeModule(type: unknown): ModuleDescription {
  const options = typeof type === 'function' ? readModuleOptions(type) : undefined;
  if (options === undefined) {
    throw new VesicleError('KERNEL_NOT_A_MODULE', [typeof type === 'function' ? type.name : String(type)]);
  }
  const moduleClass = type as Class;
  const mistakes: VesicleError[] = [];
  checkOptions(moduleClass.name, options, mistakes);
  const callbacks = describeCallbacks(moduleClass, mistakes);
  const webResources = describeWebResources(moduleClass, mistakes);
  checkCached(moduleClass, mistakes);
  throwMistakes(moduleClass.name, mistakes);
  return {
    type: moduleClass,
    name: options.name ?? moduleClass.name,
    config: options.config,
    services: options.services ?? [],
    policy: policyOf(options),
    callbacks,
    webResources,
  };
}

function policyOf({ mode, timeout, onFailure }: CallbackPolicy): CallbackPolicy {
  return {
    ...(mode !== undefined && { mode }),
    ...(timeout !== undefined && { timeout }),
    ...(onFailure !== undefined && { onFailure }),
  };
}

function checkOptions(name: string, options: ModuleOptions, mistakes: VesicleError[]): void {
  for (const [option, value] of Object.entries(options) as [string, unknown][]) {
    const problem = problemOf(option, value);
    if (problem !== undefined)
      mistakes.push(new VesicleError('MODULE_OPTION_INVALID', [`@Module of ${name}`, problem]));
  }
}

function problemOf(option: string, value: unknown): string | undefined {
  if (!Object.hasOwn(optionTests, option)) {
    return `there is no option "${option}".${didYouMean(option, Object.keys(optionTests))}`;
  }
  const { isRight, mustBe } = optionTests[option as keyof ModuleOptions];
  return value === undefined || isRight(value) ? undefined : `${option} must be ${mustBe}`;
}

interface OptionTest {
  readonly isRight: (value: unknown) => boolean;
  readonly mustBe: string;
}

const optionTests: Readonly<Record<keyof ModuleOptions, OptionTest>> = {
  config: { isRight: (value) => typeof value === 'function', mustBe: 'a class' },
  name: { isRight: (value) => typeof value === 'string', mustBe: 'a text' },
  runOn: {
    isRight: (value) => typeof value === 'string' && value !== '',
    mustBe: '"all", "background", "main" or the name of a worker',
  },
  services: {
    isRight: (value) => Array.isArray(value) && value.every(isService),
    mustBe: 'a list of classes, { provide, useClass, isShared? } and { provide, useValue }',
  },
  mode: { isRight: isMode, mustBe: '"enforce", "audit" or "off"' },
  timeout: { isRight: isTimeout, mustBe: 'a number of milliseconds above 0' },
  onFailure: { isRight: isFailurePolicy, mustBe: '"allow", "deny" or "error", or { local, federated } of these' },
};

function isService(service: unknown): boolean {
  if (typeof service !== 'object' || service === null) return typeof service === 'function';
  return 'provide' in service && ('useClass' in service || 'useValue' in service);
}
