import { number, type Reader, refined } from '../values/readers.js';
import { optional, record, setting, type Setting } from '../values/settings.js';

/** A token bucket: so many actions a second in the long run, so many at once. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burstCount: number;
}

const wholeNumber: Reader<number> = refined(number(0), Math.trunc);

/** One limit, with the defaults of Synapse for what a set key leaves out (`config/ratelimiting.py`). */
function rateLimit(perSecond: number, burstCount: number): Reader<RateLimit> {
  return record({ perSecond: setting(number(0), perSecond), burstCount: setting(wholeNumber, burstCount) });
}

/** One of several limits below a key. */
function member(perSecond: number, burstCount: number): Setting<RateLimit> {
  return setting(rateLimit(perSecond, burstCount), { perSecond, burstCount });
}

/** The `rc_*` settings. Undefined is no limit. */
export const rateLimitSettings = {
  rcMessage: optional(rateLimit(0.2, 10)),
  rcRegistration: optional(rateLimit(0.17, 3)),
  rcRegistrationTokenValidity: optional(rateLimit(0.1, 5)),
  rcLogin: optional(record({ address: member(0.003, 5), account: member(0.003, 5), failedAttempts: member(0.17, 3) })),
  rcAdminRedaction: optional(rateLimit(0.17, 3)),
  rcJoins: optional(record({ local: member(0.1, 10), remote: member(0.01, 10) })),
  rcJoinsPerRoom: optional(rateLimit(1, 10)),
  rcKeyRequests: optional(rateLimit(20, 100)),
  rc3pidValidation: optional(rateLimit(0.003, 5)),
  rcInvites: optional(record({ perRoom: member(0.3, 10), perUser: member(0.003, 5), perIssuer: member(0.3, 10) })),
  rcThirdPartyInvite: optional(rateLimit(0.0025, 5)),
  rcMediaCreate: optional(rateLimit(10, 50)),
  rcPresence: optional(record({ perUser: member(0.1, 1) })),
  rcDelayedEventMgmt: optional(rateLimit(1, 5)),
  rcRoomCreation: optional(rateLimit(0.016, 10)),
  rcReports: optional(rateLimit(1, 5)),
  rcUserDirectory: optional(rateLimit(0.016, 200)),
  rcProfile: optional(rateLimit(1, 500)),
};
