import type { HomeserverConfig } from '../../config/homeserver/homeserver-config.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import type { TokenStore } from '../store/token-store.js';
import type { UserStore } from '../store/user-store.js';
import { AuthError, LoginError } from '../parity/synapse-errors.js';
import type { CredentialChecker } from './credential-checker.js';
import { REGISTRATION_TOKEN, type RegistrationTokens } from './registration-tokens.js';
import type { Threepids } from './threepids.js';
import type { SessionData, UiAuthSession, UiAuthSessions } from './ui-auth-sessions.js';

/** The stages of `m.login...` that are no logins. */
export const DUMMY = 'm.login.dummy';
export const EMAIL_IDENTITY = 'm.login.email.identity';
export const MSISDN = 'm.login.msisdn';
const PASSWORD = 'm.login.password';

/** What of a request matters to an authentication. */
export interface UiAuthRequest {
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly uri: string;
  readonly ip: string;
  readonly userAgent: string | null;
  /** The body; its member `auth` is taken out. */
  readonly body: MutableJsonObject;
  /** Words for the user: what they authorise. */
  readonly description: string;
}

/** A flow is complete. */
export interface UiAuthResult {
  readonly isComplete: true;
  readonly session: UiAuthSession;
  /** Stage to result. */
  readonly results: MutableJsonObject;
  /** The request, as sent now or first. */
  readonly params: MutableJsonObject;
}

/** Stages are missing: the error is the 401 that the client gets. */
export interface UiAuthIncomplete {
  readonly isComplete: false;
  readonly session: UiAuthSession;
  readonly error: InteractiveAuthIncompleteError;
}

/** 401 with the flows, in place of `errcode` and `error`. */
class InteractiveAuthIncompleteError extends SynapseError {
  constructor(private readonly body: JsonObject) {
    super(401, 'Interactive auth not yet complete');
    this.name = 'InteractiveAuthIncompleteError';
  }

  override toBody(): Record<string, unknown> {
    return { ...this.body };
  }
}

/** User-interactive authentication (`handlers/auth.py`). */
export class UiAuth {
  constructor(
    private readonly context: HomeserverContext,
    readonly sessions: UiAuthSessions,
    private readonly users: UserStore,
    private readonly tokens: TokenStore,
    private readonly credentials: CredentialChecker,
    private readonly threepids: Threepids,
    private readonly registrationTokens: RegistrationTokens,
    private readonly limits: RateLimiters,
  ) {}

  /**
   * Makes sure that the requester is at the keyboard, by any login they have; answers with the request's parameters and the
   * session, which is undefined when a recent authentication still counts.
   */
  async confirm(
    requester: Requester,
    request: UiAuthRequest,
    options: { readonly maySkip?: boolean } = {},
  ): Promise<
    | UiAuthResult
    | UiAuthIncomplete
    | { readonly isComplete: true; readonly session: undefined; readonly params: MutableJsonObject }
  > {
    const { accessTokenId } = requester;
    if (accessTokenId === undefined) throw new AuthError(403, 'Cannot validate a user without an access token');
    if (options.maySkip === true && this.isRecentlyConfirmed(accessTokenId)) {
      const { auth: _, ...params } = request.body;
      return { isComplete: true, session: undefined, params };
    }
    await this.limits.loginFailedAttempts.check(requester, { update: false });
    const types = this.typesFor(requester.userId);
    const flows = types.map((type) => [type]);
    const outcome = await this.check(flows, request, () => ({ requestUserId: requester.userId }));
    if (!outcome.isComplete) return outcome;
    const type = types.find((each) => each in outcome.results);
    if (type === undefined || outcome.results[type] !== requester.userId) throw new AuthError(403, 'Invalid auth');
    this.tokens.setLastValidated(accessTokenId, this.context.clock.now());
    return outcome;
  }

  /** The same, where the caller has nothing to do when stages are missing. */
  async require(
    requester: Requester,
    request: UiAuthRequest,
    options: { readonly maySkip?: boolean } = {},
  ): Promise<MutableJsonObject> {
    const outcome = await this.confirm(requester, request, options);
    if (!outcome.isComplete) throw outcome.error;
    return outcome.params;
  }

  /** Takes one request of an authentication along: some stage may be complete after it, or a whole flow. */
  async check(
    flows: readonly (readonly string[])[],
    request: UiAuthRequest,
    newData: () => SessionData = () => ({}),
  ): Promise<UiAuthResult | UiAuthIncomplete> {
    const { auth, ...params } = request.body;
    const authDict = isJsonObject(auth) ? auth : {};
    const session = this.sessionOf(authDict, request, params, newData);
    const seen = [request.userAgent ?? '', request.ip] as const;
    if (!session.seen.some(([agent, ip]) => agent === seen[0] && ip === seen[1])) session.seen.push(seen);
    if (Object.keys(authDict).length === 0) return incomplete(session, this.describe(flows, session));

    const failure = 'type' in authDict ? await this.tryStage(session, authDict) : {};
    const stages = Object.keys(session.completed);
    if (flows.some((flow) => flow.every((stage) => stages.includes(stage)))) {
      // Modules may change both; a repeated last request starts from what the client sent.
      const { completed, params } = structuredClone({ completed: session.completed, params: session.params });
      return { isComplete: true, session, results: completed, params };
    }
    return incomplete(session, { ...this.describe(flows, session), completed: stages, ...failure });
  }

  /** The data of a session, or 400 when there is none. */
  dataOf(sessionId: string): SessionData {
    return this.find(sessionId).data;
  }

  private sessionOf(
    authDict: JsonObject,
    request: UiAuthRequest,
    params: MutableJsonObject,
    newData: () => SessionData,
  ): UiAuthSession {
    const id = authDict['session'];
    const { uri, method, description } = request;
    if (typeof id !== 'string' || id === '') return this.sessions.open({ uri, method, description, params }, newData());
    const session = this.find(id);
    if (session.uri !== uri || session.method !== method) {
      throw new SynapseError(403, 'Requested operation has changed during the UI authentication session.');
    }
    // A client need not repeat the request with each stage.
    if (Object.keys(params).length > 0) session.params = params;
    return session;
  }

  private find(id: string): UiAuthSession {
    const session = this.sessions.find(id);
    if (session === undefined) throw new SynapseError(400, `Unknown session ID: ${id}`);
    return session;
  }

  /** Tries the stage; a wrong password and the like are told to the client together with the flows. */
  private async tryStage(session: UiAuthSession, authDict: JsonObject): Promise<Record<string, unknown>> {
    const type = authDict['type'];
    if (typeof type !== 'string') throw new SynapseError(400, 'Bad parameter: type', Codes.INVALID_PARAM);
    try {
      const result = await this.checkStage(type, session, authDict);
      if (result !== null) session.completed[type] = result;
      return {};
    } catch (error) {
      if (error instanceof LoginError) return error.toBody();
      throw error;
    }
  }

  private async checkStage(type: string, session: UiAuthSession, authDict: JsonObject): Promise<unknown> {
    if (type === DUMMY || type === 'm.login.terms') return true;
    if (type === EMAIL_IDENTITY && this.context.config.email !== undefined) {
      return this.threepids.emailFromCredentials(authDict);
    }
    if (type === MSISDN && this.context.config.accountThreepidDelegates.msisdn !== undefined) {
      return this.threepids.phoneFromCredentials(authDict);
    }
    if (type === REGISTRATION_TOKEN && takesRegistrationTokens(this.context.config)) {
      return this.registrationTokens.checkStage(session, authDict);
    }
    const { userId } = await this.credentials.check(authDict, { isReauth: true });
    return userId;
  }

  private describe(flows: readonly (readonly string[])[], session: UiAuthSession): JsonObject {
    return { session: session.id, flows: flows.map((stages) => ({ stages })), params: {} };
  }

  private isRecentlyConfirmed(accessTokenId: number): boolean {
    const timeout = this.context.config.uiAuth.sessionTimeout;
    return timeout > 0 && this.context.clock.now() - this.tokens.lastValidated(accessTokenId) < timeout;
  }

  /** The logins that a user can confirm a request with: each is a flow of one stage. */
  private typesFor(userId: UserId): readonly string[] {
    const { enabled, localdbEnabled } = this.context.config.passwordConfig;
    const types = new Set<string>();
    const hasPassword = (this.users.findForLogin(userId)?.passwordHash ?? '') !== '';
    if (localdbEnabled && enabled !== false && hasPassword) types.add(PASSWORD);
    for (const type of this.context.dispatch.loginTypes().keys()) {
      if (type !== PASSWORD || enabled !== false) types.add(type);
    }
    return [...types];
  }
}

/** Whether the stage of tokens is there. */
function takesRegistrationTokens(config: HomeserverConfig): boolean {
  return config.registrationRequiresToken || config.enableRegistrationToken3pidBypass;
}

function incomplete(session: UiAuthSession, body: JsonObject): UiAuthIncomplete {
  return { isComplete: false, session, error: new InteractiveAuthIncompleteError(body) };
}
