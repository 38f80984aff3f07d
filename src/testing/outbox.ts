import type { Mail, Mailer } from '../homeserver/runtime/mailer.js';
import type { PushGateway } from '../homeserver/runtime/push-gateway.js';
import { isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../matrix/json.js';

/**
 * A mail that would have been sent.
 *
 * @example
 * ```ts
 * import { type SentMail } from 'vesicle/testing';
 * const linkIn = (mail: SentMail) => /https:\S+/.exec(mail.text)?.[0];
 * ```
 */
export interface SentMail {
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/**
 * A push notification that would have been sent to a push gateway.
 *
 * @example
 * ```ts
 * import { type SentPush } from 'vesicle/testing';
 * const unread = (push: SentPush) => push.notification['counts'];
 * ```
 */
export interface SentPush {
  /** Of the push gateway, as the pusher says. */
  readonly url: string;
  /** Of the device. */
  readonly pushkey: string;
  /** Everything the push gateway would get: the content, `devices`. */
  readonly notification: JsonObject;
}

/**
 * What the homeserver under test and its modules sent out of it: mails and push notifications. Neither SMTP nor HTTP is
 * spoken.
 *
 * @example
 * ```ts
 * import { type TestHomeserver } from 'vesicle/testing';
 * const subjects = (hs: TestHomeserver) => hs.outbox.mailsTo('alice@example.org').map((mail) => mail.subject);
 * ```
 */
export class Outbox {
  /** Oldest first. */
  readonly mails: SentMail[] = [];
  /** Oldest first. */
  readonly pushes: SentPush[] = [];
  /** When set, no mail can be sent: `sendMail` throws this. */
  mailFailure: Error | undefined;
  /** When set, no push gateway can be reached: `sendHttpPushNotification` gives `false` for every device. */
  pushFailure: Error | undefined;
  /** Push keys that their gateway says it does not know; what is pushed to them counts as not sent. */
  readonly rejectedPushkeys: Set<string> = new Set();

  /** The mails to an address, whatever name stands before it. */
  mailsTo(address: string): readonly SentMail[] {
    return this.mails.filter(({ to }) => (/<([^>]*)>/.exec(to)?.[1] ?? to) === address);
  }

  /** Forgets what was sent. */
  clear(): void {
    this.mails.length = 0;
    this.pushes.length = 0;
  }
}

/** Puts mails into an outbox. */
export class OutboxMailer implements Mailer {
  constructor(private readonly outbox: Outbox) {}

  async send(mail: Mail): Promise<void> {
    if (this.outbox.mailFailure !== undefined) throw this.outbox.mailFailure;
    this.outbox.mails.push(mail);
  }
}

/** Puts push notifications into an outbox, and answers as a push gateway does. */
export class OutboxPushGateway implements PushGateway {
  constructor(private readonly outbox: Outbox) {}

  async notify(url: string, notification: JsonObject): Promise<JsonValue> {
    const { pushFailure, rejectedPushkeys, pushes } = this.outbox;
    if (pushFailure !== undefined) throw pushFailure;
    const keys = pushkeysOf(notification);
    pushes.push(...keys.map((pushkey) => ({ url, pushkey, notification })));
    return { rejected: keys.filter((pushkey) => rejectedPushkeys.has(pushkey)) };
  }
}

function pushkeysOf(notification: JsonObject): readonly string[] {
  return itemsOf(notification['devices']).flatMap((device) => {
    const pushkey = isJsonObject(device) ? device['pushkey'] : undefined;
    return typeof pushkey === 'string' ? [pushkey] : [];
  });
}
