/**
 * How many bytes a user may upload within a time (`synapse.module_api.MediaUploadLimit`).
 *
 * @example
 * ```ts
 * import { type MediaUploadLimit } from 'vesicle';
 * const limit: MediaUploadLimit = { maxBytes: 10_000_000, timePeriodMs: 86_400_000 };
 * ```
 */
export interface MediaUploadLimit {
  /** Bytes. */
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly timePeriodMs: number;
  /** A page that explains the limit to the user. */
  readonly infoUri?: string;
  /** The user could get a higher limit. */
  readonly canUpgrade?: boolean;
}
