/**
 * A new device and its credentials, as `registerDevice` answers.
 *
 * @example
 * ```ts
 * import { type RegisteredDevice } from 'vesicle';
 * const tokenOf = ([, accessToken]: RegisteredDevice) => accessToken;
 * ```
 */
export type RegisteredDevice = readonly [
  deviceId: string,
  accessToken: string,
  /** Milliseconds since 1970; null when the token does not expire. */
  validUntilMs: number | null,
  refreshToken: string | null,
];
