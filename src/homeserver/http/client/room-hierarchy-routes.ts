import { InvalidClientCredentialsError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import type { HierarchyQuery, RoomHierarchy } from '../../rooms/reading/room-hierarchy.js';
import { queryBoolean, queryInteger, queryString } from '../server/query.js';
import { pathParam, resolveRoom, roomIdIn } from './room-request.js';
import { type Call, clientPaths, type Route } from '../server/route.js';
import type { Directory } from '../../rooms/reading/directory.js';

interface RoomParts {
  readonly directory: Directory;
  readonly hierarchy: RoomHierarchy;
}

/** Spaces and room summaries (`rest/client/room.py: RoomHierarchyRestServlet, RoomSummaryRestServlet`). */
export function roomHierarchyRoutes({ hierarchy, directory }: RoomParts): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/rooms/:roomId/hierarchy', ['v1']),
      handle: async (call) => {
        const { userId } = await call.requester({ allowGuest: true });
        return hierarchy.walk(userId, roomIdIn(call), hierarchyQuery(call));
      },
    },
    {
      method: 'GET',
      paths: [
        '/_matrix/client/unstable/im.nheko.summary/rooms/:roomIdOrAlias/summary',
        '/_matrix/client/unstable/im.nheko.summary/summary/:roomIdOrAlias',
        '/_matrix/client/v1/room_summary/:roomIdOrAlias',
      ],
      handle: async (call) => {
        const userId = await optionalUser(call);
        const { roomId, hosts } = await resolveRoom(
          directory,
          pathParam(call, 'roomIdOrAlias'),
          call.query.getAll('via'),
        );
        return hierarchy.summarize(userId, roomId, hosts);
      },
    },
  ];
}

/** How a request wants a space to be walked. */
export function hierarchyQuery(call: Call): HierarchyQuery {
  const { query } = call;
  const maxDepth = queryInteger(query, 'max_depth');
  const limit = queryInteger(query, 'limit');
  const from = queryString(query, 'from');
  return {
    suggestedOnly: queryBoolean(query, 'suggested_only') ?? false,
    ...(maxDepth !== undefined && { maxDepth }),
    ...(limit !== undefined && { limit }),
    ...(from !== undefined && { from }),
  };
}

/** The user, or undefined when the request brings no token. */
async function optionalUser(call: Call): Promise<UserId | undefined> {
  try {
    return (await call.requester({ allowGuest: true })).userId;
  } catch (error) {
    if (error instanceof InvalidClientCredentialsError && error.errcode === 'M_MISSING_TOKEN') return undefined;
    throw error;
  }
}
