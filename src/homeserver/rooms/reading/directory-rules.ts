import type { RoomDirectoryRule } from '../../../config/homeserver/homeserver-sections.js';
import type { RoomId, UserId } from '../../../matrix/ids.js';
import { globMatches } from '../model/server-acl.js';

/** Whether the first rule that matches allows it; without one it is not allowed (`config/room_directory.py`). */
export function isAllowedByRules(
  rules: readonly RoomDirectoryRule[],
  userId: UserId,
  roomId: RoomId,
  aliases: readonly string[],
): boolean {
  const rule = rules.find(
    (candidate) =>
      globMatches(candidate.userId, userId) &&
      globMatches(candidate.roomId, roomId) &&
      (candidate.alias === '*' || aliases.some((alias) => globMatches(candidate.alias, alias))),
  );
  return rule?.action === 'allow';
}
