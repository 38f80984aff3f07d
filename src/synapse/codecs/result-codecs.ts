import type { BackgroundUpdateSlot } from '../../callbacks/background-update-controller.js';
import type { MediaUploadLimit } from '../../callbacks/media-upload-limit.js';
import type { AuthResult, LoginCallback } from '../../callbacks/password-auth-provider.js';
import type { RatelimitOverride } from '../../callbacks/ratelimit.js';
import { RegistrationBehaviour } from '../../callbacks/spam-checker.js';
import { NOT_SPAM, type SpamRefusal } from '../../callbacks/spam-verdict.js';
import type { EventDecision } from '../../callbacks/third-party-rules.js';
import type { ResultKind } from '../../callbacks/wire-kinds.js';
import type { UserPresenceState } from '../../matrix/presence.js';
import { Tuple } from '../../matrix/tuple.js';
import { anyValue } from '../protocol/wire-codec.js';
import type {
  Handle,
  WireAuthResult,
  WirePresence,
  WirePresenceMap,
  WireRatelimit,
  WireUploadLimit,
} from '../protocol/wire-values.js';

/** Where things get handles that travel as such. */
export interface GivenHandles {
  readonly ofFunction: (callback: LoginCallback) => Handle;
  readonly ofSlot: (slot: BackgroundUpdateSlot) => Handle;
}

/** Makes what travels of what the dispatcher answered; null is the neutral result. */
export type ResultEncoder = (result: unknown, handles: GivenHandles) => unknown;

/** One encoder for each kind. The dispatcher has judged the answers, so their types are those of the rules. */
export const resultEncoders: Readonly<Record<ResultKind, ResultEncoder>> = {
  none: () => null,
  spam: (result) => (result === NOT_SPAM ? null : encodeRefusal(result as SpamRefusal)),
  truth: (result) => encodeTruth(result),
  registration: (result) =>
    result instanceof RegistrationBehaviour && result !== RegistrationBehaviour.ALLOW ? result.name : null,
  event_decision: (result) => encodeDecision(result as EventDecision),
  auth: (result, handles) => (result === undefined ? null : encodeAuth(result as AuthResult, handles)),
  text: (result) => result,
  json: (result) => result,
  presence_map: (result) => encodePresenceMap(result as ReadonlyMap<string, ReadonlySet<UserPresenceState>>),
  users: (result) => (result instanceof Set ? [...(result as Set<string>)] : result),
  upload_limits: (result) =>
    result === undefined ? null : anyValue((result as readonly MediaUploadLimit[]).map(encodeLimit)),
  ratelimit: (result) => (result === undefined ? null : encodeRatelimit(result as RatelimitOverride)),
  slot: (result, handles) => (isSlot(result) ? { slot: handles.ofSlot(result) } : null),
  number: (result) => anyValue(result),
  renewal: (result) => (result instanceof Tuple ? (result.items as unknown) : result),
};

function encodeRefusal({ errcode, fields, message }: SpamRefusal): object {
  return {
    errcode,
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(message !== undefined && { message }),
  };
}

/** Only texts count besides true and false: Synapse shows them. */
function encodeTruth(result: unknown): unknown {
  return result === undefined || result === null || typeof result === 'string' ? result : Boolean(result);
}

function encodeDecision({ allowed, replacement }: EventDecision): EventDecision | null {
  return allowed && replacement === null ? null : { allowed, replacement };
}

function encodeAuth({ userId, callback }: AuthResult, handles: GivenHandles): WireAuthResult {
  return { user_id: userId, callback: callback === null ? null : handles.ofFunction(callback) };
}

function encodePresenceMap(map: ReadonlyMap<string, ReadonlySet<UserPresenceState>>): WirePresenceMap {
  return [...map].map(([userId, states]) => [userId, [...states].map(encodePresence)]);
}

function encodePresence(state: UserPresenceState): WirePresence {
  return {
    user_id: state.userId,
    state: state.state,
    last_active_ts: state.lastActiveTs,
    last_federation_update_ts: state.lastFederationUpdateTs,
    last_user_sync_ts: state.lastUserSyncTs,
    status_msg: state.statusMsg,
    currently_active: state.currentlyActive,
  };
}

function encodeLimit(limit: MediaUploadLimit): WireUploadLimit {
  return {
    max_bytes: limit.maxBytes,
    time_period_ms: limit.timePeriodMs,
    info_uri: limit.infoUri ?? null,
    can_upgrade: limit.canUpgrade ?? false,
  };
}

function encodeRatelimit({ perSecond, burstCount }: RatelimitOverride): WireRatelimit {
  return anyValue({ per_second: perSecond, burst_count: burstCount });
}

function isSlot(value: unknown): value is BackgroundUpdateSlot {
  return typeof value === 'object' && value !== null && 'enter' in value && 'exit' in value;
}
