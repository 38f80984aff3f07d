import type { UserId } from '../../matrix/ids.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { LoginToken, TokenStore } from '../store/token-store.js';
import { AuthError } from '../parity/synapse-errors.js';
import { generateLoginToken } from './token-generator.js';

/** What a login token says besides who it is for. */
export interface LoginTokenOptions {
  /** Milliseconds; two minutes when absent. */
  readonly duration?: number | undefined;
  readonly authProviderId?: string | null | undefined;
  readonly authProviderSessionId?: string | null | undefined;
}

/** Tokens for one login of type `m.login.token`. */
export class LoginTokens {
  constructor(
    private readonly context: HomeserverContext,
    private readonly store: TokenStore,
  ) {}

  /** Makes a token. The user is not checked. */
  create(userId: UserId, options: LoginTokenOptions = {}): string {
    const token = generateLoginToken();
    this.store.addLoginToken({
      token,
      userId,
      expiryTs: this.context.clock.now() + (options.duration ?? 120_000),
      authProviderId: options.authProviderId ?? null,
      authProviderSessionId: options.authProviderSessionId ?? null,
    });
    return token;
  }

  /** Uses a token up, or 403. */
  consume(token: unknown): LoginToken {
    const found = typeof token === 'string' ? this.store.consumeLoginToken(token, this.context.clock.now()) : undefined;
    if (found === undefined) throw new AuthError(403, 'Invalid login token');
    return found;
  }
}
