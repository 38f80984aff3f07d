import { inspect } from 'node:util';
import type { ResolutionContext } from 'inversify';
import { HostError } from '../errors/host-error.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { locationOf } from '../loader/import-error.js';
import type { Class } from '../metadata/metadata-store.js';
import { nameOfKey, type Provider } from './provider.js';

/** What can fail while a module and its services are made. */
export type MakingPhase = 'its constructor' | 'its factory' | 'its load function' | '@postConstruct';

/** Carries what an author's code threw while something was made, and of what. */
export class MakingError extends Error {
  constructor(
    /** The class, or the key of a service that is none. */
    readonly subject: unknown,
    readonly phase: MakingPhase,
    cause: unknown,
  ) {
    super(phase, { cause });
  }
}

/** The factory of a provider, with errors that name it. */
export function callFactory(
  provider: Extract<Provider, { readonly useFactory: unknown }>,
): (context: ResolutionContext) => unknown {
  const fail = (error: unknown): never => {
    throw error instanceof MakingError ? error : new MakingError(provider.provide, 'its factory', error);
  };
  return (context) => {
    try {
      const made = provider.useFactory(context);
      return isThenable(made) ? Promise.resolve(made).catch(fail) : made;
    } catch (error) {
      return fail(error);
    }
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** The module that could not be made. */
interface FailedModule {
  readonly title: string;
  readonly type: Class;
  /** Its own files, where the place of the failure is looked for. */
  readonly files?: readonly string[] | undefined;
}

/** The error that an author sees: it names the module, the service and the phase. A mistake that Vesicle found does so already. */
export function describeFailure(error: unknown, module: FailedModule): unknown {
  const { title, type, files = [] } = module;
  if (!(error instanceof MakingError)) return error;
  const { subject, phase, cause } = error;
  if (cause instanceof VesicleError) return cause;
  const place = locationOf(cause, (path) => files.includes(path));
  const text = textOf(cause) + (place === undefined ? '' : ` (${place})`);
  if (subject !== type) {
    return new VesicleError(
      'KERNEL_SERVICE_FAILED',
      { module: title, service: subjectText(subject), phase, problem: text },
      { cause },
    );
  }
  const failure = { module: title, problem: text };
  if (phase !== '@postConstruct') return new VesicleError('KERNEL_CONSTRUCTOR_FAILED', failure, { cause });
  return new VesicleError('KERNEL_START_FAILED', { ...failure, phase: 'a method with @postConstruct' }, { cause });
}

/** A string is the key of a service, unless it says what is not one. */
function subjectText(subject: unknown): string {
  return typeof subject === 'string' && subject.startsWith('a ') ? subject : `the service ${nameOfKey(subject)}`;
}

function textOf(error: unknown): string {
  if (error instanceof HostError) return `${error.type}: ${error.message}`;
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return typeof error === 'string' ? error : inspect(error, { depth: 1 });
}
