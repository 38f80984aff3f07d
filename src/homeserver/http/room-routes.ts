import type { RoomServices } from '../rooms/room-services.js';
import { adminActivityRoutes } from './admin-activity-routes.js';
import { adminRoomRoutes } from './admin-room-routes.js';
import { delayedEventRoutes } from './delayed-event-routes.js';
import { directoryRoutes } from './directory-routes.js';
import { mutualRoomRoutes } from './mutual-room-routes.js';
import { purgeHistoryRoutes } from './purge-history-routes.js';
import { relationRoutes } from './relation-routes.js';
import { RequestTransactions } from './request-transactions.js';
import { roomCreationRoutes } from './room-creation-routes.js';
import { roomHierarchyRoutes } from './room-hierarchy-routes.js';
import { roomHistoryRoutes } from './room-history-routes.js';
import { roomMembershipRoutes } from './room-membership-routes.js';
import { roomSendRoutes } from './room-send-routes.js';
import { roomStateRoutes } from './room-state-routes.js';
import { roomUpgradeRoutes } from './room-upgrade-routes.js';
import { searchRoutes } from './search-routes.js';
import type { Route } from './route.js';

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
