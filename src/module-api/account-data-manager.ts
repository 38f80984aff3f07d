import type { UserId } from '../matrix/ids.js';
import type { JsonObject } from '../matrix/json.js';

/**
 * Reads and writes global account data of local users (`synapse.module_api.AccountDataManager`).
 *
 * @example
 * ```ts
 * import { type ModuleApi, type UserId } from 'vesicle';
 * const remember = async (api: ModuleApi, userId: UserId) =>
 *   api.accountDataManager.putGlobal(userId, 'org.example.greeted', { at: await api.getCurrentTimeMsec() });
 * ```
 */
export interface AccountDataManager {
  /**
   * Account data of a type, or null. The user need not exist. A malformed ID is a `SynapseError` 400, a user of another
   * server a `HostError` `ValueError`.
   */
  readonly getGlobal: (userId: UserId, dataType: string) => Promise<JsonObject | null>;
  /**
   * Replaces account data of a type, wakes `/sync` and tells `on_account_data_updated`. Fails like `getGlobal`, and with
   * a `HostError` `TypeError` for data that is no object, `ValueError` for a user that does not exist.
   */
  readonly putGlobal: (userId: UserId, dataType: string, newData: JsonObject) => Promise<void>;
}
