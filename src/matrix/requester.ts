import type { UserId } from './ids.js';

/**
 * Who makes a request (`synapse.types.Requester`).
 *
 * @example
 * ```ts
 * import { type Requester } from 'vesicle';
 * const mayWrite = (requester: Requester) => !requester.isGuest && !requester.shadowBanned;
 * ```
 */
export interface Requester {
  readonly userId: UserId;
  readonly isGuest: boolean;
  /** The user was shadow-banned: their messages and invites go nowhere. */
  readonly shadowBanned: boolean;
  /** Absent for guests' first request, application services and the server itself. */
  readonly deviceId?: string;
  readonly accessTokenId?: number;
  readonly appServiceId?: string;
  /** The user or application service whose credentials were used; differs from `userId` when somebody acts for another. */
  readonly authenticatedEntity: string;
}
