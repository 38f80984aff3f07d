import type {
  InviteRateLimits,
  JoinRateLimits,
  LoginRateLimits,
  PresenceRateLimits,
  RateLimit,
} from './homeserver-sections.js';
import { described, type Keys, mappingOf, number, type Reader } from '../values/readers.js';

/** Synapse's defaults for what a set `rc_*` key leaves out (`config/ratelimiting.py`). */
const general: RateLimit = { perSecond: 0.17, burstCount: 3 };

function limit(perSecond: number, burstCount: number): RateLimit {
  return { perSecond, burstCount };
}

/** One limit, completed from its defaults. */
function rateLimit(defaults: RateLimit): Reader<RateLimit> {
  const read = mappingOf<RateLimit>({ perSecond: number(0), burstCount: number(0) });
  return described(read.schema, (value, place) => {
    const given = read(value, place);
    if (given === null) return null;
    const burstCount = Math.trunc(given.burstCount ?? defaults.burstCount);
    return { perSecond: given.perSecond ?? defaults.perSecond, burstCount };
  });
}

/** Several limits under one key, completed from their defaults. */
function rateLimits<T extends { readonly [P in keyof T]: RateLimit }>(defaults: T): Reader<T> {
  const names = Object.keys(defaults) as (keyof T)[];
  const keys = Object.fromEntries(names.map((name) => [name, rateLimit(defaults[name])])) as unknown as Keys<T>;
  const read = mappingOf(keys);
  return described(read.schema, (value, place) => {
    const given = read(value, place);
    return given === null ? null : { ...defaults, ...given };
  });
}

export const rateLimitKeys = {
  rcMessage: rateLimit(limit(0.2, 10)),
  rcRegistration: rateLimit(general),
  rcRegistrationTokenValidity: rateLimit(limit(0.1, 5)),
  rcLogin: rateLimits<LoginRateLimits>({
    address: limit(0.003, 5),
    account: limit(0.003, 5),
    failedAttempts: general,
  }),
  rcAdminRedaction: rateLimit(general),
  rcJoins: rateLimits<JoinRateLimits>({ local: limit(0.1, 10), remote: limit(0.01, 10) }),
  rcJoinsPerRoom: rateLimit(limit(1, 10)),
  rcKeyRequests: rateLimit(limit(20, 100)),
  rc3pidValidation: rateLimit(limit(0.003, 5)),
  rcInvites: rateLimits<InviteRateLimits>({
    perRoom: limit(0.3, 10),
    perUser: limit(0.003, 5),
    perIssuer: limit(0.3, 10),
  }),
  rcThirdPartyInvite: rateLimit(limit(0.0025, 5)),
  rcMediaCreate: rateLimit(limit(10, 50)),
  rcPresence: rateLimits<PresenceRateLimits>({ perUser: limit(0.1, 1) }),
  rcDelayedEventMgmt: rateLimit(limit(1, 5)),
  rcRoomCreation: rateLimit(limit(0.016, 10)),
  rcReports: rateLimit(limit(1, 5)),
  rcUserDirectory: rateLimit(limit(0.016, 200)),
  rcProfile: rateLimit(limit(1, 500)),
};
