import { apiMethods, managerMethods, type ManagerName, type SentName } from '../../module-api/api-methods.js';
import type { SentCall } from '../../module-api/method-row.js';
import { HostBase, type HostApi } from '../../module-api/module-api.js';
import type { Registrar } from '../../module-api/registrar.js';
import type { SynapseServices } from './synapse-services.js';

/** Sends one call to Synapse. */
type Send = (row: SentCall, given: readonly unknown[]) => Promise<unknown>;

/** The methods that Synapse runs, with the signatures that their rows were compared with. */
type SentMethods = Pick<HostApi, SentName>;

abstract class Sending extends HostBase {
  constructor(
    registrar: Registrar,
    protected readonly services: SynapseServices,
  ) {
    super(registrar);
  }

  static {
    for (const [name, row] of Object.entries(apiMethods)) {
      if (row.by !== 'synapse') continue;
      const send = function (this: Sending, ...given: readonly unknown[]): Promise<unknown> {
        return this.services.call(row, given);
      };
      Object.defineProperty(send, 'name', { value: name });
      Object.defineProperty(this.prototype, name, { value: send, configurable: true, writable: true });
    }
  }
}

/** A class that has every method whose row says that Synapse runs it. */
export const SentMethods = Sending as abstract new (
  ...args: ConstructorParameters<typeof Sending>
) => Sending & SentMethods;

/** An object of `ModuleApi` whose methods Synapse runs. */
export function sentManager<Manager extends ManagerName>(manager: Manager, send: Send): HostApi[Manager] {
  const methods = Object.entries(managerMethods[manager]).map(([name, row]: readonly [string, SentCall]) => [
    name,
    (...given: readonly unknown[]) => send(row, given),
  ]);
  return Object.fromEntries(methods) as HostApi[Manager];
}
