import type { RoomServices } from './room-services.js';
import { adminActivityRoutes } from '../http/admin/admin-activity-routes.js';
import { adminRoomRoutes } from '../http/admin/admin-room-routes.js';
import { delayedEventRoutes } from '../http/client/delayed-event-routes.js';
import { directoryRoutes } from '../http/client/directory-routes.js';
import { mutualRoomRoutes } from '../http/client/mutual-room-routes.js';
import { purgeHistoryRoutes } from '../http/admin/purge-history-routes.js';
import { relationRoutes } from '../http/client/relation-routes.js';
import { RequestTransactions } from '../http/client/request-transactions.js';
import { roomCreationRoutes } from '../http/client/room-creation-routes.js';
import { roomHierarchyRoutes } from '../http/client/room-hierarchy-routes.js';
import { roomHistoryRoutes } from '../http/client/room-history-routes.js';
import { roomMembershipRoutes } from '../http/client/room-membership-routes.js';
import { roomSendRoutes } from '../http/client/room-send-routes.js';
import { roomStateRoutes } from '../http/client/room-state-routes.js';
import { roomUpgradeRoutes } from '../http/client/room-upgrade-routes.js';
import { searchRoutes } from '../http/client/search-routes.js';
import type { Route } from '../http/server/route.js';

/** All endpoints of rooms. */
export function roomRoutes(services: RoomServices): Route[] {
  const transactions = new RequestTransactions();
  return [
    ...roomCreationRoutes(services, transactions),
    ...roomMembershipRoutes(services, transactions),
    ...roomSendRoutes(services, transactions),
    ...roomHistoryRoutes(services),
    ...delayedEventRoutes(services),
    ...roomStateRoutes(services),
    ...relationRoutes(services),
    ...roomUpgradeRoutes(services),
    ...directoryRoutes(services),
    ...roomHierarchyRoutes(services),
    ...searchRoutes(services),
    ...adminRoomRoutes(services),
    ...purgeHistoryRoutes(services),
    ...adminActivityRoutes(services),
    ...mutualRoomRoutes(services),
  ];
}
