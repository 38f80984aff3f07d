import type { EmailConfig } from '../../config/homeserver/email-config.js';
import { HostError } from '../../errors/host-error.js';
import { loadOptional, type OptionalPackage } from '../../errors/package-missing.js';
import type { Mail, Mailer } from './mailer.js';

const nodemailer: OptionalPackage = { name: 'nodemailer', use: 'Sending mail' };

/** Sends mail through the SMTP server of the configuration (`handlers/send_email.py`). */
export class SmtpMailer implements Mailer {
  constructor(private readonly config: EmailConfig) {}

  async send(mail: Mail): Promise<void> {
    const { config } = this;
    const { createTransport } = await loadOptional(nodemailer, () => import('nodemailer'));
    const transport = createTransport({
      host: config.smtpHost,
      port: config.smtpPort ?? (config.forceTls ? 465 : 25),
      secure: config.forceTls,
      requireTLS: config.requireTransportSecurity,
      ignoreTLS: !config.enableTls,
      ...(config.smtpUser !== undefined && { auth: { user: config.smtpUser, pass: config.smtpPass ?? '' } }),
      ...(config.tlsname !== undefined && { tls: { servername: config.tlsname } }),
    });
    try {
      await transport.sendMail({
        from: config.notifFrom?.replaceAll('%(app)s', config.appName) ?? '',
        to: mail.to,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      });
    } catch (error) {
      throw asTwistedError(error);
    } finally {
      transport.close();
    }
  }
}

/** Modules see the class that Twisted's mail client raises. */
function asTwistedError(error: unknown): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === 'string' ? message : 'mail could not be sent';
  if (code === 'ECONNREFUSED' || code === 'ESOCKET') {
    return new HostError('ConnectionRefusedError', `Connection was refused by other side: ${text}.`, { cause: error });
  }
  return new HostError('SMTPClientError', text, { cause: error });
}
