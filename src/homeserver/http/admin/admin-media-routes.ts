import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, parseUserId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { MediaModeration } from '../../media/media-moderation.js';
import { type MediaPage, mediaOrders } from '../../store/media-moderation-store.js';
import type { LocalMedia } from '../../store/media-store.js';
import { NotFoundError, noRowFound } from '../../parity/synapse-errors.js';
import { adminEndpoints, type Administrators } from './admin-request.js';
import { queryBoolean, queryInteger, queryString, requiredQueryInteger } from '../server/query.js';
import { pathParam, roomIdIn, userIdIn } from '../client/room-request.js';
import type { Answer, Call, Route } from '../server/route.js';

/** What these endpoints work with. */
export interface AdminMediaDependencies {
  readonly context: HomeserverContext;
  readonly moderation: MediaModeration;
  readonly find: (mediaId: string) => LocalMedia | undefined;
  readonly users: Administrators & { readonly exists: (userId: UserId) => boolean };
}

/** Times before this are taken for seconds by mistake. */
const earliestTime = 30_000_000_000;
const changesAtOnce = 100;

/** Uploaded media, for administrators (`rest/admin/media.py`). */
export function adminMediaRoutes(dependencies: AdminMediaDependencies): Route[] {
  const { moderation, users } = dependencies;
  const requests = new MediaRequests(dependencies);
  const route = adminEndpoints(users);
  const quarantineRoom = (call: Call, admin: Requester): Answer => ({
    num_quarantined: moderation.quarantineRoom(roomIdIn(call), admin.userId),
  });
  return [
    route('POST', '/v1/purge_media_cache', requests.purgeCache),
    route('POST', '/v1/room/:roomId/media/quarantine', quarantineRoom),
    route('POST', '/v1/quarantine_media/:roomId', quarantineRoom),
    route('POST', '/v1/user/:userId/media/quarantine', (call, admin) => ({
      num_quarantined: moderation.quarantineUser(userIdIn(call), admin.userId),
    })),
    route('POST', '/v1/media/quarantine/:serverName/:mediaId', (call, admin) =>
      requests.quarantine(call, admin.userId),
    ),
    route('POST', '/v1/media/unquarantine/:serverName/:mediaId', (call) => requests.quarantine(call, null)),
    route('GET', '/v1/media/quarantine_changes', requests.changes),
    route('POST', '/v1/media/protect/:mediaId', (call) => requests.protect(call, true)),
    route('POST', '/v1/media/unprotect/:mediaId', (call) => requests.protect(call, false)),
    route('GET', '/v1/room/:roomId/media', (call) => ({ ...moderation.inRoom(roomIdIn(call)) })),
    route('POST', '/v1/media/delete', requests.deleteOld),
    route('POST', '/v1/media/:serverName/delete', requests.deleteOld),
    route('DELETE', '/v1/media/:serverName/:mediaId', requests.deleteOne),
    route('GET', '/v1/media/:serverName/:mediaId', requests.show),
    route('GET', '/v1/users/:userId/media', requests.listOfUser),
    route('DELETE', '/v1/users/:userId/media', requests.deleteOfUser),
  ];
}

class MediaRequests {
  constructor(private readonly dependencies: AdminMediaDependencies) {}

  /** Copies of other servers' media: there are none. */
  readonly purgeCache = ({ query }: Call): Answer => {
    checkTime(requiredQueryInteger(query, 'before_ts'));
    return { deleted: 0 };
  };

  readonly quarantine = (call: Call, by: UserId | null): Answer => {
    this.dependencies.moderation.quarantineOne(pathParam(call, 'serverName'), pathParam(call, 'mediaId'), by);
    return {};
  };

  readonly protect = (call: Call, isSafe: boolean): Answer => {
    if (this.dependencies.moderation.store.setSafe(pathParam(call, 'mediaId'), isSafe)) return {};
    throw noRowFound('local_media_repository');
  };

  readonly changes = ({ query }: Call): Answer => {
    const { context, moderation } = this.dependencies;
    const from = queryInteger(query, 'from') ?? 0;
    const last = moderation.store.lastChange();
    if (from > last) throw new SynapseError(400, 'The `from` token is from the future', Codes.INVALID_PARAM);
    const changes = moderation.store.changesAfter(from, changesAtOnce);
    return {
      next_batch: changes.at(-1)?.stream_id ?? last,
      changes: changes.map(({ media_id, quarantined }) => ({
        origin: context.serverName,
        media_id,
        quarantined: quarantined !== 0,
      })),
    };
  };

  readonly deleteOld = async (call: Call): Promise<Answer> => {
    const { query } = call;
    const beforeTs = requiredQueryInteger(query, 'before_ts');
    const sizeGt = queryInteger(query, 'size_gt') ?? 0;
    const keepProfiles = queryBoolean(query, 'keep_profiles') ?? true;
    checkTime(beforeTs);
    this.checkLocal(call.params['serverName']);
    return deleted(await this.dependencies.moderation.deleteOld(beforeTs, sizeGt, keepProfiles));
  };

  readonly deleteOne = async (call: Call): Promise<Answer> => {
    this.checkLocal(pathParam(call, 'serverName'));
    const { mediaId } = this.find(call);
    return deleted(await this.dependencies.moderation.delete([mediaId]));
  };

  readonly show = (call: Call): Answer => {
    if (pathParam(call, 'serverName') !== this.dependencies.context.serverName) throw unknownMedia();
    return { media_info: { media_origin: null, ...describe(this.find(call)), filesystem_id: null } };
  };

  readonly listOfUser = (call: Call): Answer => {
    const { store } = this.dependencies.moderation;
    const userId = this.userIn(call);
    const page = pageIn(call.query);
    const media = store.listOf(userId, page);
    const total = store.countOf(userId);
    const isMore = page.from + page.limit < total;
    return { media: media.map(describe), total, ...(isMore && { next_token: page.from + media.length }) };
  };

  readonly deleteOfUser = async (call: Call): Promise<Answer> => {
    const { moderation } = this.dependencies;
    const media = moderation.store.listOf(this.userIn(call), pageIn(call.query));
    return deleted(await moderation.delete(media.map(({ mediaId }) => mediaId)));
  };

  private find(call: Call): LocalMedia {
    const media = this.dependencies.find(pathParam(call, 'mediaId'));
    if (media === undefined) throw unknownMedia();
    return media;
  }

  private userIn(call: Call): UserId {
    const userId = parseUserId(pathParam(call, 'userId'));
    if (domainOf(userId) !== this.dependencies.context.serverName) {
      throw new SynapseError(400, 'Can only look up local users');
    }
    if (!this.dependencies.users.exists(userId)) throw new NotFoundError('Unknown user');
    return userId;
  }

  private checkLocal(server: string | undefined): void {
    if (server === undefined || server === this.dependencies.context.serverName) return;
    throw new SynapseError(400, 'Can only delete local media');
  }
}

function pageIn(query: URLSearchParams): MediaPage {
  const from = queryInteger(query, 'from') ?? 0;
  const limit = queryInteger(query, 'limit') ?? 100;
  // Without a word about the order the newest come first.
  if (!query.has('order_by') && !query.has('dir')) return { from, limit, orderBy: 'created_ts', direction: 'b' };
  const orderBy = queryString(query, 'order_by', { allowed: mediaOrders }) ?? 'created_ts';
  const direction = queryString(query, 'dir', { allowed: ['b', 'f'] as const }) ?? 'f';
  return { from, limit, orderBy, direction };
}

function checkTime(before: number): void {
  if (before >= earliestTime) return;
  const message =
    'Query parameter before_ts you provided is from the year 1970. Double check that you are providing a timestamp in milliseconds.';
  throw new SynapseError(400, message, Codes.INVALID_PARAM);
}

function deleted(mediaIds: readonly string[]): JsonObject {
  return { deleted_media: mediaIds, total: mediaIds.length };
}

function describe(media: LocalMedia): JsonObject {
  return {
    media_id: media.mediaId,
    media_type: media.mediaType,
    media_length: media.mediaLength,
    upload_name: media.uploadName,
    created_ts: media.createdTs,
    url_cache: null,
    last_access_ts: media.lastAccessTs,
    quarantined_by: media.quarantinedBy,
    safe_from_quarantine: media.isSafe,
    user_id: media.userId,
    authenticated: media.isAuthenticated,
    sha256: media.sha256,
  };
}

function unknownMedia(): NotFoundError {
  return new NotFoundError('Unknown media');
}
