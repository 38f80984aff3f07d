import type { Logger } from '../../log/logger.js';
import type { RoomId, UserId } from '../../matrix/ids.js';
import { itemsOf, type JsonValue } from '../../matrix/json.js';
import type { AccountData } from './account-data.js';
import type { PushRules } from './push-rules.js';

interface UserSettings {
  readonly accountData: AccountData;
  readonly pushRules: PushRules;
}

/** Lets what users set for a room hold for the one that replaces it (`copy_user_state_on_room_upgrade`); failures are logged. */
export async function followUpgrade(
  log: Logger,
  settings: UserSettings,
  from: RoomId,
  to: RoomId,
  userIds: readonly UserId[],
): Promise<void> {
  for (const userId of userIds) {
    try {
      await copySettings(settings, userId, from, to);
    } catch (error) {
      log.error('Error copying tags and/or push rules from room to room', { userId, from, to, err: error });
    }
  }
}

async function copySettings(settings: UserSettings, userId: UserId, from: RoomId, to: RoomId): Promise<void> {
  const { accountData, pushRules } = settings;
  const direct = accountData.get(userId, null, 'm.direct') ?? {};
  const found = Object.entries(direct).find(([, rooms]) => isListWith(rooms, from) && !isListWith(rooms, to));
  if (found !== undefined) {
    const [other, rooms] = found;
    await accountData.set(userId, null, 'm.direct', { ...direct, [other]: [...itemsOf(rooms), to] });
  }
  for (const [tag, content] of Object.entries(accountData.tags(userId, from))) {
    accountData.setTag(userId, to, tag, content);
  }
  pushRules.copyForRoom(userId, from, to);
}

function isListWith(value: JsonValue | undefined, item: string): boolean {
  return Array.isArray(value) && value.includes(item);
}
