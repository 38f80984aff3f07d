import { HostError } from '../../errors/host-error.js';
import { InvalidClientCredentialsError, SynapseError } from '../../errors/synapse-error.js';
import { allowedInside, refuseInside } from '../../module-api/shared/inside-transaction.js';
import { ShadowBanError } from '../rooms/sending/shadow-ban.js';

/**
 * Makes methods of `ModuleApi` behave as they do over the bridge: they are refused inside a transaction, but for those that are
 * {@link allowedInside}, and their errors have the classes and names that `vesicle` exports.
 */
export function asOverBridge<Methods extends object>(methods: Methods): Methods {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(methods))) {
    if (name === 'constructor' || typeof value !== 'function' || allowedInside.has(name)) continue;
    const method = value as (...args: unknown[]) => unknown;
    const wrapped = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      refuseInside(name);
      if (name === 'runDbInteraction') return await method.apply(this, args);
      try {
        return await method.apply(this, args);
      } catch (error) {
        throw exported(error);
      }
    };
    Object.defineProperty(methods, name, { value: wrapped });
  }
  return methods;
}

function exported(error: unknown): unknown {
  if (error instanceof ShadowBanError) return new HostError('ShadowBanError', '', { cause: error });
  if (error instanceof SynapseError) {
    error.name = error instanceof InvalidClientCredentialsError ? 'InvalidClientCredentialsError' : 'SynapseError';
  }
  return error;
}
