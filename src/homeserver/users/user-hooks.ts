import type { RoomId, UserId } from '../../matrix/ids.js';
import type { DeactivationHooks } from './deactivation.js';
import type { DeviceHooks } from './devices.js';
import type { ProfileHooks } from './profiles.js';
import type { RegistrationHooks } from './registration.js';

/** What accounts need of the rest of the homeserver. They are called long after construction, so rooms may be made later. */
export interface UserHooks extends RegistrationHooks, ProfileHooks, DeactivationHooks, DeviceHooks {
  /** How long and how many events may wait to be sent. */
  readonly delayLimits: () => { readonly maxDelay: number; readonly maxScheduled: number };
  /** The rooms that a user has or had to do with, and how. */
  readonly membershipsOf: (userId: UserId) => ReadonlyMap<RoomId, string>;
}
