import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import { randomLetters } from '../runtime/random-letters.js';

/** What an address is validated for: it decides subject and link of the mail. */
export type ValidationPurpose = 'registration' | 'add_threepid' | 'password_reset';

/** A client's request for a mail with a link. */
export interface ValidationRequest {
  readonly email: string;
  readonly clientSecret: string;
  readonly sendAttempt: number;
  readonly nextLink: string | null;
}

const paths: Readonly<Record<ValidationPurpose, string>> = {
  registration: '_matrix/client/unstable/registration/email/submit_token',
  add_threepid: '_matrix/client/unstable/add_threepid/email/submit_token',
  password_reset: '_synapse/client/password_reset/email/submit_token',
};

const sentences: Readonly<Record<ValidationPurpose, string>> = {
  registration: 'Confirm your email address to finish your registration',
  add_threepid: 'Confirm your email address to add it to your account',
  password_reset: 'Confirm that you want a new password',
};

/** Finds out by mail whose an address is (`handlers/identity.py: send_threepid_validation`). */
export class ThreepidValidation {
  constructor(
    private readonly context: HomeserverContext,
    private readonly store: ThreepidStore,
  ) {}

  /** Sends a mail with a link, once for each attempt; answers with the session's ID. */
  async request(purpose: ValidationPurpose, request: ValidationRequest): Promise<string> {
    const { email, clientSecret, sendAttempt } = request;
    const known = this.store.findSession('email', email, clientSecret);
    if (known !== undefined && sendAttempt <= known.lastSendAttempt) return known.sessionId;
    const sessionId = known?.sessionId ?? randomLetters(16);
    const token = randomLetters(32);
    await this.send(purpose, request, sessionId, token);
    this.store.saveSession(
      { sessionId, medium: 'email', address: email, clientSecret, lastSendAttempt: sendAttempt },
      { token, nextLink: withSession(request.nextLink, sessionId), expires: this.context.clock.now() + this.lifetime },
    );
    return sessionId;
  }

  /** Takes the token of a link; answers with where to go next, or 400. */
  submit(sessionId: string, clientSecret: string, token: string): string | null {
    const session = this.store.findSessionById(sessionId);
    if (session === undefined) throw invalid('Unknown session_id');
    const found = this.store.findToken(sessionId, token);
    if (found === undefined) throw invalid('Validation token not found or has expired');
    if (session.clientSecret !== clientSecret) {
      throw invalid('This client_secret does not match the provided session_id');
    }
    if (session.validatedAt !== null) return found.nextLink;
    const now = this.context.clock.now();
    if (found.expires <= now) throw invalid('This token has expired. Please request a new one');
    this.store.setValidated(sessionId, now);
    return found.nextLink;
  }

  private get lifetime(): number {
    return this.context.config.email?.validationTokenLifetime ?? 3_600_000;
  }

  private async send(
    purpose: ValidationPurpose,
    { email, clientSecret }: ValidationRequest,
    sessionId: string,
    token: string,
  ): Promise<void> {
    const { config } = this.context;
    const query = new URLSearchParams({ token, client_secret: clientSecret, sid: sessionId });
    const link = `${config.publicBaseurl}${paths[purpose]}?${query.toString()}`;
    const subjects = config.email?.subjects;
    const subject = (purpose === 'password_reset' ? subjects?.passwordReset : subjects?.emailValidation) ?? '';
    const text = sentences[purpose];
    try {
      await this.context.mailer.send({
        to: email,
        subject: subject
          .replaceAll('%(server_name)s', config.serverName)
          .replaceAll('%(app)s', config.email?.appName ?? ''),
        html: `<p><a href="${link.replaceAll('&', '&amp;')}">${text}</a></p>`,
        text: `${text}: ${link}`,
      });
    } catch (error) {
      this.context.log.error(`Error sending threepid validation email to ${email}`, { err: error });
      throw new SynapseError(
        500,
        'An error was encountered when sending the email',
        undefined,
        {},
        {},
        { cause: error },
      );
    }
  }
}

function withSession(nextLink: string | null, sessionId: string): string | null {
  if (nextLink === null || nextLink === '') return null;
  return `${nextLink}${nextLink.includes('?') ? '&' : '?'}sid=${encodeURIComponent(sessionId)}`;
}

function invalid(message: string): SynapseError {
  return new SynapseError(400, message, Codes.FORBIDDEN);
}
