import type {
  FederationEventDelivery,
  FederatedEventDeliveryMethod,
} from '../../callbacks/federation-event-delivery.js';
import type { MediaFileInfo, ThumbnailInfo } from '../../callbacks/media-file.js';
import type { MediaUploadLimit } from '../../callbacks/media-upload-limit.js';
import type { ProfileInfo } from '../../callbacks/profile-info.js';
import type { ArgumentKind, ArgumentTypes } from '../../callbacks/wire-kinds.js';
import type { ServerName, UserId } from '../../matrix/ids.js';
import type { Presence, UserPresenceState } from '../../matrix/presence.js';
import type { Requester } from '../../matrix/requester.js';
import type { Connection } from '../transport/connection.js';
import type { IncomingCall } from '../transport/incoming-call.js';
import { RemoteEvent } from './remote-event.js';
import { RemoteMediaFile } from './remote-media-file.js';
import { makeRequest } from './remote-request.js';
import { RemoteStateMap } from './remote-state-map.js';
import { list, shape } from '../protocol/untrusted-values.js';
import type {
  WireDelivery,
  WireEvent,
  WireMediaFile,
  WireMediaInfo,
  WirePresence,
  WireProfile,
  WireRequest,
  WireRequester,
  WireState,
  WireUploadLimit,
} from '../protocol/wire-values.js';

/** Makes what a callback is given of what came over the wire. */
export type ArgumentDecoder<T = unknown> = (value: unknown, connection: Connection, call: IncomingCall) => T;

/** One decoder for each kind; what they are given is of the shape in `wire-values.ts`, or the call fails. */
export const argumentDecoders: {
  readonly [K in ArgumentKind]: ArgumentDecoder<K extends keyof ArgumentTypes ? ArgumentTypes[K] : unknown>;
} = {
  json: (value) => value,
  live_json: (value) => value,
  event: (value) => new RemoteEvent(shape<WireEvent>(value)),
  state: (value, connection, call) => new RemoteStateMap(shape<WireState>(value).state, connection, call),
  requester: (value) => decodeRequester(shape<WireRequester>(value)),
  profile: (value) => decodeProfile(shape<WireProfile>(value)),
  presences: (value) => list(value).map((state) => decodePresence(shape<WirePresence>(state))),
  media_file: (value, connection, call) => new RemoteMediaFile(shape<WireMediaFile>(value), connection, call),
  media_info: (value) => decodeMediaInfo(shape<WireMediaInfo>(value)),
  delivery: (value) => decodeDelivery(shape<WireDelivery>(value)),
  upload_limit: (value) => decodeUploadLimit(shape<WireUploadLimit>(value)),
  request: (value, connection, call) => makeRequest(shape<WireRequest>(value), connection, call),
};

/** `synapse.types.Requester`. */
export function decodeRequester(wire: WireRequester): Requester {
  return {
    userId: wire.user_id as UserId,
    isGuest: wire.is_guest,
    shadowBanned: wire.shadow_banned,
    ...(wire.device_id !== null && { deviceId: wire.device_id }),
    ...(wire.access_token_id !== null && { accessTokenId: wire.access_token_id }),
    ...(wire.app_service_id !== null && { appServiceId: wire.app_service_id }),
    authenticatedEntity: wire.authenticated_entity,
  };
}

function decodeProfile(wire: WireProfile): ProfileInfo {
  return { displayName: wire.display_name, avatarUrl: wire.avatar_url };
}

function decodePresence(wire: WirePresence): UserPresenceState {
  return {
    userId: wire.user_id as UserId,
    state: wire.state as Presence,
    lastActiveTs: wire.last_active_ts,
    lastFederationUpdateTs: wire.last_federation_update_ts,
    lastUserSyncTs: wire.last_user_sync_ts,
    statusMsg: wire.status_msg,
    currentlyActive: wire.currently_active,
  };
}

function decodeMediaInfo(wire: WireMediaInfo): MediaFileInfo {
  return {
    serverName: wire.server_name as ServerName | null,
    fileId: wire.file_id,
    urlCache: wire.url_cache,
    thumbnail: wire.thumbnail as ThumbnailInfo | null,
  };
}

function decodeDelivery(wire: WireDelivery): FederationEventDelivery {
  return {
    serverName: wire.server_name as ServerName,
    method: wire.method as FederatedEventDeliveryMethod,
    events: list(wire.events).map((event) => new RemoteEvent(shape<WireEvent>(event))),
  };
}

function decodeUploadLimit(wire: WireUploadLimit): MediaUploadLimit {
  return {
    maxBytes: wire.max_bytes,
    timePeriodMs: wire.time_period_ms,
    ...(wire.info_uri !== null && { infoUri: wire.info_uri }),
    canUpgrade: wire.can_upgrade,
  };
}
