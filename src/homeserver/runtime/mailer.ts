/** One mail to one address. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** Sends mail; fails when it cannot be handed over. */
export interface Mailer {
  readonly send: (mail: Mail) => Promise<void>;
}
