import type { UserId } from '../../matrix/ids.js';
import { escapeHtml } from '../../web/error-pages.js';
import { respondWithHtml } from '../../web/html-response.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { UserStore } from '../store/user-store.js';
import { noRowFound } from '../parity/synapse-errors.js';
import type { LoginTokens } from './login-tokens.js';

/** A single sign-on that a module has finished with. */
export interface SsoLogin {
  readonly userId: UserId;
  readonly clientRedirectUrl: string;
  readonly isNewUser?: boolean | undefined;
  readonly authProviderId?: string | undefined;
}

/** The end of a single sign-on: back to the client with a login token (`handlers/auth.py: complete_sso_login`). */
export class SingleSignOn {
  constructor(
    private readonly context: HomeserverContext,
    private readonly users: UserStore,
    private readonly loginTokens: LoginTokens,
  ) {}

  /** The response for the user's browser: a redirect to a client on the whitelist, for others a page that asks first. */
  async complete({ userId, clientRedirectUrl, authProviderId = '<unknown>' }: SsoLogin): Promise<Response> {
    const user = this.users.find(userId);
    if (user === undefined) throw noRowFound('users');
    if (user.isDeactivated) return respondWithHtml(403, page('SSO account deactivated', deactivated));
    const token = this.loginTokens.create(userId, { authProviderId });
    const target = withLoginToken(clientRedirectUrl, token);
    await this.context.dispatch.ask('account_validity', 'on_user_login', userId, 'm.login.sso', authProviderId);
    if (this.isWhitelisted(clientRedirectUrl)) {
      return new Response(null, { status: 302, headers: { Location: target } });
    }
    return respondWithHtml(200, page('Continue to your account', this.confirmation(userId, clientRedirectUrl, target)));
  }

  private isWhitelisted(url: string): boolean {
    const fallback = `${this.context.config.publicBaseurl}_matrix/static/client/login`;
    return [...this.context.config.sso.clientWhitelist, fallback].some((prefix) => url.startsWith(prefix));
  }

  private confirmation(userId: UserId, url: string, target: string): string {
    const { displayName } = this.users.profileOf(userId);
    return `<h1>Continue to your account</h1>
<p>You are <strong>${escapeHtml(displayName ?? userId)}</strong> (${escapeHtml(userId)}).</p>
<p>Continuing gives <strong>${escapeHtml(displayUrl(url))}</strong> access to your account.</p>
<p><a href="${escapeHtml(target)}">Continue</a></p>`;
  }
}

const deactivated = `<h1>Your account has been deactivated</h1>
<p>Ask the administrator of this server, or make a new account.</p>`;

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"><title>${title}</title></head>
<body>
${body}
</body>
</html>
`;
}

/** What the user is shown of a client's address: the host of a web site, more of anything else. */
function displayUrl(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? [];
  const withoutQuery = rest.replace(/[?#].*$/s, '');
  if (scheme !== 'https') return `${scheme}:${withoutQuery}`;
  return withoutQuery.replace(/^\/\//, '').replace(/\/.*$/s, '');
}

/** The URL with the token as a further parameter; also for URLs that are no web sites. */
function withLoginToken(url: string, token: string): string {
  const [, base = '', query = '', fragment = ''] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  parameters.append('loginToken', token);
  return `${base}?${parameters.toString()}${fragment}`;
}
