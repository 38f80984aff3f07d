import { randomBytes } from 'node:crypto';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonValue } from '../../../matrix/json.js';
import { checkAdditionalCreators } from '../../rooms/auth/event-auth.js';
import { findRoomVersion } from '../../rooms/model/room-version.js';
import { ShadowBanError } from '../../rooms/sending/shadow-ban.js';
import { requireParams } from '../server/fields.js';
import { roomIdIn } from './room-request.js';
import { clientPaths, type Route } from '../server/route.js';
import type { RoomUpgrade } from '../../rooms/lifecycle/room-upgrade.js';

interface RoomParts {
  readonly roomUpgrade: RoomUpgrade;
}

/** Room upgrades (`rest/client/room_upgrade_rest_servlet.py`). */
export function roomUpgradeRoutes({ roomUpgrade }: RoomParts): Route[] {
  return [
    {
      method: 'POST',
      paths: clientPaths('/rooms/:roomId/upgrade'),
      handle: async (call) => {
        const requester = await call.requester();
        const body = await call.json();
        requireParams(body, ['new_version']);
        const version = findRoomVersion(body['new_version']);
        if (version === undefined) {
          throw new SynapseError(
            400,
            'Your homeserver does not support this room version',
            Codes.UNSUPPORTED_ROOM_VERSION,
          );
        }
        const creators = version.hasCreatorPower ? readCreators(body['additional_creators']) : undefined;
        try {
          const roomId = await roomUpgrade.upgrade(requester, roomIdIn(call), version, creators);
          return { replacement_room: roomId };
        } catch (error) {
          if (!(error instanceof ShadowBanError)) throw error;
          return { replacement_room: randomBytes(9).toString('hex') };
        }
      },
    },
  ];
}

function readCreators(value: JsonValue | undefined): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return checkAdditionalCreators(value);
}
