import type { UserId } from '../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../matrix/json.js';
import type { MediaUploadLimit } from './media-upload-limit.js';
import { notification } from './notification.js';
import { NEXT, type CombinationRules, rule } from './rule.js';
import { propagates } from './throws.js';
import { isTruthy } from './truthiness.js';

/**
 * Callbacks of the category `media_repository`.
 *
 * @example
 * ```ts
 * import { type MediaRepositoryCallbacks } from 'vesicle';
 * const callbacks: Partial<MediaRepositoryCallbacks> = {
 *   is_user_allowed_to_upload_media_of_size: async (_userId, size) => size < 1_000_000,
 * };
 * ```
 */
export interface MediaRepositoryCallbacks {
  /** The media configuration that a user's clients get, or null for the usual one. */
  readonly get_media_config_for_user: (userId: UserId) => Promise<JsonObject | null>;
  /** Whether a user may upload that many bytes. */
  readonly is_user_allowed_to_upload_media_of_size: (userId: UserId, size: number) => Promise<boolean>;
  /** The upload limits of a user, null for the configured ones. */
  readonly get_media_upload_limits_for_user: (userId: UserId) => Promise<MediaUploadLimit[] | null>;
  /** Told before an upload over a limit is refused; sizes in bytes. */
  readonly on_media_upload_limit_exceeded: (
    userId: UserId,
    limit: MediaUploadLimit,
    sentBytes: number,
    attemptedBytes: number,
  ) => Promise<void>;
}

type Handlers = MediaRepositoryCallbacks;

/** How the answers of `media_repository` combine (`module_api/callbacks/media_repository_callbacks.py`). */
export const mediaRepositoryRules = {
  get_media_config_for_user: rule<Handlers['get_media_config_for_user'], unknown>({
    combine: 'first_answer',
    args: { user_id: 'json' },
    result: 'json',
    neutral: () => undefined,
    // Synapse answers whatever is truthy, a text even.
    judge: (answer) => (isTruthy(answer) ? answer : NEXT),
    throws: propagates,
    summary: 'Which media configuration do the clients of this user get?',
    source: 'rest/media/config_resource.py; rest/client/media.py',
  }),
  is_user_allowed_to_upload_media_of_size: rule<Handlers['is_user_allowed_to_upload_media_of_size'], boolean>({
    combine: 'first_refusal',
    args: { user_id: 'json', size: 'json' },
    result: 'truth',
    neutral: () => true,
    judge: (answer) => (isTruthy(answer) ? NEXT : false),
    throws: propagates,
    refusal: () => false,
    summary: 'May this user upload that many bytes?',
    source: 'rest/media/upload_resource.py: _get_file_metadata',
  }),
  get_media_upload_limits_for_user: rule<Handlers['get_media_upload_limits_for_user'], MediaUploadLimit[] | undefined>({
    combine: 'first_answer',
    args: { user_id: 'json' },
    result: 'upload_limits',
    neutral: () => undefined,
    judge: (answer) => {
      if (answer === null || answer === undefined) return NEXT;
      if (!isLimits(answer)) throw new TypeError('the answer is no array of limits');
      // In place, as Synapse does: the longest period is looked at first.
      return answer.sort((a, b) => b.timePeriodMs - a.timePeriodMs);
    },
    throws: propagates,
    summary: 'Which upload limits does this user have?',
    source: 'media/media_repository.py: create_or_update_content',
  }),
  on_media_upload_limit_exceeded: notification<Handlers['on_media_upload_limit_exceeded']>({
    args: { user_id: 'json', limit: 'upload_limit', sent_bytes: 'json', attempted_bytes: 'json' },
    copied: ['limit'],
    throws: propagates,
    summary: 'An upload exceeds a limit and is about to be refused.',
    source: 'media/media_repository.py: create_or_update_content',
  }),
} satisfies CombinationRules<MediaRepositoryCallbacks>;

function isLimits(answer: unknown): answer is MediaUploadLimit[] {
  const isLimit = (limit: unknown): boolean =>
    isJsonObject(limit) && typeof limit['maxBytes'] === 'number' && typeof limit['timePeriodMs'] === 'number';
  return Array.isArray(answer) && answer.every(isLimit);
}
