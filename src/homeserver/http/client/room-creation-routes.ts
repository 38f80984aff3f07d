import type { MutableJsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { RequestTransactions } from './request-transactions.js';
import { type Answer, type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { RoomCreation } from '../../rooms/lifecycle/room-creation.js';

interface RoomParts {
  readonly roomCreation: RoomCreation;
}

/** Endpoints that make rooms (`rest/client/room.py: RoomCreateRestServlet`). */
export function roomCreationRoutes(services: RoomParts, transactions: RequestTransactions): Route[] {
  const create = async (call: Call, requester: Requester): Promise<Answer> => {
    const body = (await call.json()) as MutableJsonObject;
    const { roomId } = await services.roomCreation.create(requester, body);
    return { room_id: roomId };
  };
  return [
    {
      method: 'POST',
      paths: clientPaths('/createRoom', oldestVersions),
      handle: async (call) => create(call, await call.requester()),
    },
    {
      method: 'PUT',
      paths: clientPaths('/createRoom/:txnId', oldestVersions),
      handle: async (call) => {
        const requester = await call.requester();
        return transactions.once(call, requester, () => create(call, requester));
      },
    },
  ];
}
