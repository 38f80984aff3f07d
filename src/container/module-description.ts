import type { CallbackPolicy } from '../callbacks/callback-options.js';
import type { Interceptor } from '../callbacks/interceptor.js';
import { isFailurePolicy, isMode, isTimeout } from '../dispatch/callback-policy.js';
import { didYouMean } from '../errors/nearest-name.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { type Class, lineage } from '../metadata/metadata-store.js';
import { type ModuleOptions, type ModuleService, readModuleOptions } from '../metadata/module-options.js';
import { checkCached } from './method-caches.js';
import { type DescribedCallback, describeCallbacks, isClasses } from './described-callback.js';
import { type DescribedWebResource, describeWebResources } from './described-web-resource.js';
import { throwMistakes } from './one-error.js';
import { servicesProblems } from './service-check.js';

/** Everything the decorators of a module class said, checked. */
export interface ModuleDescription {
  readonly type: Class;
  /** What the log calls it. */
  readonly name: string;
  readonly config: Class | undefined;
  readonly services: readonly ModuleService[];
  /** Of all callbacks and web resources, the outermost first. */
  readonly interceptors: readonly Class<Interceptor>[];
  /** Those, and those that stand on single members. */
  readonly allInterceptors: readonly Class<Interceptor>[];
  readonly policy: CallbackPolicy;
  readonly callbacks: readonly DescribedCallback[];
  readonly webResources: readonly DescribedWebResource[];
}

/** Reads and checks the decorators of a class; all mistakes are in one error. */
export function describeModule(type: unknown): ModuleDescription {
  const options = typeof type === 'function' ? readModuleOptions(type) : undefined;
  if (options === undefined) {
    throw new VesicleError('KERNEL_NOT_A_MODULE', { class: typeof type === 'function' ? type.name : String(type) });
  }
  const moduleClass = type as Class;
  const mistakes: VesicleError[] = [];
  checkOptions(moduleClass.name, options, mistakes);
  const callbacks = describeCallbacks(moduleClass, mistakes);
  const webResources = describeWebResources(moduleClass, mistakes);
  checkCached(moduleClass, mistakes);
  throwMistakes(moduleClass.name, mistakes);
  const { interceptors = [] } = options;
  const ofMembers = webResources.flatMap(({ members }) =>
    members.flatMap((member) => member.options.interceptors ?? []),
  );
  return {
    type: moduleClass,
    name: options.name ?? nameOf(moduleClass),
    config: options.config,
    services: options.services ?? [],
    interceptors,
    allInterceptors: [...new Set([...interceptors, ...callbacks.flatMap((one) => one.interceptors), ...ofMembers])],
    policy: policyOf(options),
    callbacks,
    webResources,
  };
}

/** The name of a class; a decorator that replaces one may give its own none. */
function nameOf(type: Class): string {
  const named = lineage(type).findLast((at) => (at as Class).name !== '') as Class | undefined;
  return named?.name ?? type.name;
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
    for (const problem of problemsOf(option, value)) {
      mistakes.push(new VesicleError('MODULE_OPTION_INVALID', { where: `@Module of ${name}`, problem }));
    }
  }
}

function problemsOf(option: string, value: unknown): readonly string[] {
  const known = [...Object.keys(optionTests), 'services'];
  if (!known.includes(option)) return [`there is no option "${option}".${didYouMean(option, known)}`];
  if (value === undefined) return [];
  if (option === 'services') return servicesProblems(value);
  const { isRight, mustBe } = optionTests[option as keyof typeof optionTests];
  return isRight(value) ? [] : [`${option} must be ${mustBe}`];
}

interface OptionTest {
  readonly isRight: (value: unknown) => boolean;
  readonly mustBe: string;
}

const optionTests: Readonly<Record<Exclude<keyof ModuleOptions, 'services'>, OptionTest>> = {
  config: { isRight: (value) => typeof value === 'function', mustBe: 'a class' },
  name: { isRight: (value) => typeof value === 'string', mustBe: 'a string' },
  runOn: {
    isRight: (value) => typeof value === 'string' && value !== '',
    mustBe: '"all", "background", "main" or the name of a worker',
  },
  interceptors: { isRight: isClasses, mustBe: 'an array of classes' },
  mode: { isRight: isMode, mustBe: '"enforce", "audit" or "off"' },
  timeout: { isRight: isTimeout, mustBe: 'a number of milliseconds above 0' },
  onFailure: { isRight: isFailurePolicy, mustBe: '"allow", "deny" or "error", or { local, federated } of these' },
};
