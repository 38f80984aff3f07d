import type { LoginCallback } from '../../callbacks/password-auth-provider.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import { pythonRepr } from '../parity/python-repr.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import type { UserStore } from '../store/user-store.js';
import { LoginError } from '../parity/synapse-errors.js';
import { parseLoginIdentifier } from './login-identifier.js';
import { isPassword } from './password-hash.js';

const PASSWORD = 'm.login.password';

/** Whose credentials they are, and what a module wants to run after the login. */
export interface CheckedCredentials {
  readonly userId: UserId;
  readonly callback: LoginCallback | null;
}

/** Checks the credentials of logins and of user-interactive stages (`handlers/auth.py: validate_login`). */
export class CredentialChecker {
  constructor(
    private readonly context: HomeserverContext,
    private readonly users: UserStore,
    private readonly threepids: ThreepidStore,
    private readonly limits: RateLimiters,
  ) {}

  /** The login types that `GET /login` lists for passwords and modules. */
  supportedTypes(): readonly string[] {
    const ofModules = [...this.context.dispatch.loginTypes().keys()];
    const { enabled, localdbEnabled } = this.context.config.passwordConfig;
    const hasPassword = enabled === true && (localdbEnabled || ofModules.includes(PASSWORD));
    return [...(hasPassword ? [PASSWORD] : []), ...ofModules.filter((type) => type !== PASSWORD)];
  }

  /** Whether passwords can be changed here. */
  mayChangePassword(): boolean {
    const { enabled, localdbEnabled } = this.context.config.passwordConfig;
    return enabled === true && localdbEnabled;
  }

  /** Whose credentials these are; 403 when they are wrong, 400 when they are none. */
  async check(submission: JsonObject, options: { readonly isReauth: boolean }): Promise<CheckedCredentials> {
    const { type, password } = submission;
    if (typeof type !== 'string') throw new SynapseError(400, 'Bad parameter: type', Codes.INVALID_PARAM);
    if (type === PASSWORD) this.checkPasswordAllowed(password, options.isReauth);

    const identifier = await parseLoginIdentifier(submission);
    if (identifier.kind === 'user') return this.checkCounted(identifier.user, type, submission, options.isReauth);

    const { medium, address } = identifier;
    const key = `${medium} ${address}`;
    if (!options.isReauth) await this.limits.loginFailedAttempts.check(undefined, { key, update: false });
    if (type === PASSWORD && typeof password === 'string') {
      const checked = await this.context.dispatch.ask(
        'password_auth_provider',
        'check_3pid_auth',
        medium,
        address,
        password,
      );
      if (checked !== undefined) return checked;
    }
    const userId = this.threepids.findUser(medium, address);
    if (userId !== undefined) return this.checkCounted(userId, type, submission, options.isReauth);
    if (!options.isReauth) await this.limits.loginFailedAttempts.decide(undefined, { key });
    throw wrongCredentials();
  }

  /** Checks the credentials of a user; failures of logins are counted (those of stages are by who asks). */
  private async checkCounted(
    username: string,
    type: string,
    submission: JsonObject,
    isReauth: boolean,
  ): Promise<CheckedCredentials> {
    if (isReauth) return this.checkUser(username, type, submission);
    const key = this.qualified(username).toLowerCase();
    await this.limits.loginFailedAttempts.check(undefined, { key, update: false });
    try {
      return await this.checkUser(username, type, submission);
    } catch (error) {
      if (error instanceof LoginError) await this.limits.loginFailedAttempts.decide(undefined, { key });
      throw error;
    }
  }

  private qualified(username: string): string {
    return username.startsWith('@') ? username : `@${username}:${this.context.serverName}`;
  }

  private checkPasswordAllowed(password: unknown, isReauth: boolean): void {
    const { enabled } = this.context.config.passwordConfig;
    const isAllowed = isReauth ? enabled !== false : enabled === true;
    if (!isAllowed) throw new SynapseError(400, 'Password login has been disabled.');
    if (typeof password !== 'string') throw new SynapseError(400, 'Bad parameter: password', Codes.INVALID_PARAM);
  }

  private async checkUser(username: string, type: string, submission: JsonObject): Promise<CheckedCredentials> {
    const fields = this.context.dispatch.loginTypes().get(type);
    if (fields !== undefined) {
      const dict = fieldsOf(submission, type, fields);
      const checked = await this.context.dispatch.askAuthCheckers(type, username, type, dict);
      if (checked !== undefined) return checked;
    }
    const isLocal = type === PASSWORD && this.context.config.passwordConfig.localdbEnabled;
    if (fields === undefined && !isLocal) throw new SynapseError(400, `Unknown login type ${type}`);
    const userId = isLocal ? await this.checkStoredPassword(username, submission['password']) : undefined;
    if (userId === undefined) throw wrongCredentials();
    return { userId, callback: null };
  }

  private async checkStoredPassword(username: string, password: unknown): Promise<UserId | undefined> {
    const user = this.users.findForLogin(this.qualified(username));
    if (user === undefined || user.passwordHash === null || typeof password !== 'string') return undefined;
    const { pepper } = this.context.config.passwordConfig;
    return (await isPassword(password + pepper, user.passwordHash)) ? user.userId : undefined;
  }
}

/** The fields that a login type was registered with; they are shared by all its checkers. */
function fieldsOf(submission: JsonObject, type: string, fields: readonly string[]): JsonObject {
  const missing = fields.filter((field) => !(field in submission));
  if (missing.length > 0) {
    throw new SynapseError(400, `Missing parameters for login type ${type}: ${pythonRepr(missing)}`);
  }
  return Object.fromEntries(fields.map((field) => [field, submission[field]]));
}

function wrongCredentials(): LoginError {
  return new LoginError(403, 'Invalid username or password', Codes.FORBIDDEN);
}
