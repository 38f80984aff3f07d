import type { RoomId, UserId } from '../matrix/ids.js';
import type { MutableJsonObject } from '../matrix/json.js';
import { notification } from './notification.js';
import type { CombinationRules } from './rule.js';
import { loggedAsError } from './throws.js';

/**
 * Callbacks of the category `account_data`.
 *
 * @example
 * ```ts
 * import { type AccountDataCallbacks } from 'vesicle';
 * const callbacks: AccountDataCallbacks = { on_account_data_updated: async () => {} };
 * ```
 */
export interface AccountDataCallbacks {
  /** Told after account data was stored; `roomId` is null for global data. */
  readonly on_account_data_updated: (
    userId: UserId,
    roomId: RoomId | null,
    accountDataType: string,
    content: MutableJsonObject,
  ) => Promise<void>;
}

/** The rules of `account_data` (`handlers/account_data.py: _notify_modules`). */
export const accountDataRules = {
  on_account_data_updated: notification<AccountDataCallbacks['on_account_data_updated']>({
    args: { user_id: 'json', room_id: 'json', account_data_type: 'json', content: 'json' },
    throws: loggedAsError,
    summary: 'Account data was stored.',
    source: 'handlers/account_data.py: _notify_modules',
  }),
} satisfies CombinationRules<AccountDataCallbacks>;
