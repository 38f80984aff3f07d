import type { ServerName, UserId } from '../matrix/ids.js';
import type { JsonObject } from '../matrix/json.js';

/**
 * The body of a successful login as a client gets it (`synapse.module_api.LoginResponse`); the callback of an auth checker
 * may change it.
 *
 * @example
 * ```ts
 * import { type LoginResponse } from 'vesicle';
 * const nameOf = (response: LoginResponse) => response.user_id;
 * ```
 */
export interface LoginResponse {
  user_id: UserId;
  access_token?: string;
  home_server: ServerName;
  /** Milliseconds. */
  expires_in_ms?: number;
  refresh_token?: string;
  device_id?: string;
  well_known?: JsonObject;
}
