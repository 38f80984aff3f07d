import type { AccountDataManager } from '../../module-api/account-data-manager.js';
import { HostError } from '../../errors/host-error.js';
import { domainOf, type UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import { toUserId } from '../rooms/model/untrusted-ids.js';
import type { AccountData } from '../users/account-data.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { UserStore } from '../store/user-store.js';

interface UserParts {
  readonly accountData: AccountData;
}

/** The parts of a homeserver that {@link ModuleAccountData} needs. */
export interface AccountDataParts {
  readonly context: HomeserverContext;
  readonly userStore: UserStore;
  readonly users: UserParts;
}

/** Global account data for modules (`module_api/__init__.py: AccountDataManager`). */
export class ModuleAccountData implements AccountDataManager {
  constructor(private readonly services: AccountDataParts) {}

  readonly getGlobal = async (userId: UserId, dataType: string): Promise<JsonObject | null> => {
    this.checkLocal(userId);
    // Push rules are no account data there; clients only see them so.
    if (dataType === 'm.push_rules') return null;
    return this.services.users.accountData.get(userId, null, dataType) ?? null;
  };

  readonly putGlobal = async (userId: UserId, dataType: string, newData: JsonObject): Promise<void> => {
    this.checkLocal(userId);
    // What tsc checks for some authors, Synapse checks for all.
    const [type, data] = [dataType, newData] as readonly [unknown, unknown];
    if (typeof type !== 'string') throw new HostError('TypeError', `data_type must be a str; got ${pythonType(type)}`);
    if (!isJsonObject(data)) throw new HostError('TypeError', `new_data must be a dict; got ${pythonType(data)}`);
    if (this.services.userStore.find(userId) === undefined) {
      throw new HostError('ValueError', `User ${userId} does not exist on this server.`);
    }
    await this.services.users.accountData.set(userId, null, type, data);
  };

  private checkLocal(userId: UserId): void {
    if (domainOf(toUserId(userId)) === this.services.context.serverName) return;
    const problem = "is not local to this homeserver; can't access account data for remote users.";
    throw new HostError('ValueError', `${userId} ${problem}`);
  }
}

/** What Python calls the type of a value. */
function pythonType(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  const names: Readonly<Record<string, string>> = { string: 'str', boolean: 'bool', object: 'dict' };
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return names[typeof value] ?? typeof value;
}
