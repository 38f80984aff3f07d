import type { ResolutionContext } from 'inversify';
import { HostError } from '../errors/host-error.js';
import { VesicleError } from '../errors/vesicle-error.js';
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
      return made instanceof Promise ? made.catch(fail) : made;
    } catch (error) {
      return fail(error);
    }
  };
}

/** The error that an author sees: it names the module, the service and the phase. A mistake that Vesicle found does so already. */
export function describeFailure(error: unknown, module: { readonly title: string; readonly type: Class }): unknown {
  const { title, type } = module;
  if (!(error instanceof MakingError)) return error;
  const { subject, phase, cause } = error;
  if (cause instanceof VesicleError) return cause;
  const text = textOf(cause);
  if (subject !== type) {
    return new VesicleError('KERNEL_SERVICE_FAILED', [title, nameOfKey(subject), phase, text], { cause });
  }
  const code = phase === '@postConstruct' ? 'KERNEL_START_FAILED' : 'KERNEL_CONSTRUCTOR_FAILED';
  return new VesicleError(code, [title, text], { cause });
}

function textOf(error: unknown): string {
  if (error instanceof HostError) return `${error.type}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
