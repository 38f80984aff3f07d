import { boolean, duration, integer, type Reader, refined, string } from '../values/readers.js';
import { optional, section, setting, settingsClass } from '../values/settings.js';

/** `email.subjects`. */
export class EmailSubjectsConfig extends settingsClass({
  messageFromPersonInRoom: setting(
    string,
    '[%(app)s] You have a message on %(app)s from %(person)s in the %(room)s room...',
  ),
  messageFromPerson: setting(string, '[%(app)s] You have a message on %(app)s from %(person)s...'),
  messagesFromPerson: setting(string, '[%(app)s] You have messages on %(app)s from %(person)s...'),
  messagesInRoom: setting(string, '[%(app)s] You have messages on %(app)s in the %(room)s room...'),
  messagesInRoomAndOthers: setting(string, '[%(app)s] You have messages on %(app)s in the %(room)s room and others...'),
  messagesFromPersonAndOthers: setting(string, '[%(app)s] You have messages on %(app)s from %(person)s and others...'),
  inviteFromPerson: setting(string, '[%(app)s] %(person)s has invited you to chat on %(app)s...'),
  inviteFromPersonToRoom: setting(
    string,
    '[%(app)s] %(person)s has invited you to join the %(room)s room on %(app)s...',
  ),
  inviteFromPersonToSpace: setting(
    string,
    '[%(app)s] %(person)s has invited you to join the %(space)s space on %(app)s...',
  ),
  passwordReset: setting(string, '[%(server_name)s] Password reset'),
  emailValidation: setting(string, '[%(server_name)s] Validate your email'),
  emailAlreadyInUse: setting(string, '[%(server_name)s] Email already in use'),
}) {}

/** `email`; without the section the homeserver sends no mail. */
export class EmailConfig extends settingsClass({
  smtpHost: setting(string, 'localhost'),
  smtpPort: optional(integer(1, 65_535), { meaning: 'By default 25, or 465 with `force_tls`.' }),
  smtpUser: optional(string),
  smtpPass: optional(string),
  forceTls: setting(boolean, false),
  requireTransportSecurity: setting(boolean, false),
  enableTls: setting(boolean, true),
  tlsname: optional(string),
  notifFrom: optional(string),
  appName: setting(string, 'Matrix'),
  enableNotifs: setting(boolean, false),
  notifForNewUsers: setting(boolean, true),
  notifDelayBeforeMail: setting(duration, 10 * 60_000),
  clientBaseUrl: optional(string),
  validationTokenLifetime: setting(duration, 3_600_000),
  inviteClientLocation: optional(string),
  templateDir: optional(string),
  subjects: setting(section(EmailSubjectsConfig), () => new EmailSubjectsConfig()),
}) {}

const templates = [
  'notif',
  'expiry',
  'password_reset',
  'password_reset_template_failure',
  'password_reset_template_success',
  'registration',
  'registration_template_failure',
  'registration_template_success',
  'add_threepid',
  'add_threepid_template_failure',
  'add_threepid_template_success',
  'already_in_use',
].flatMap((name) =>
  name.includes('_template_') ? [`${name}_html`] : [`${name}_template_html`, `${name}_template_text`],
);

/** `email`; null for an empty section, which Synapse takes for none (`config/emailconfig.py: read_config`). */
export const email: Reader<EmailConfig> = refined(
  section(EmailConfig, { ignored: [...templates, 'riot_base_url', 'redact_content'] }),
  (read, place, value) => {
    if (Object.keys(value as object).length === 0) return null;
    if (read.notifFrom === undefined) {
      place.report('"notif_from" is missing. Add it: the sender that mails name, "Me <me@example.org>".');
    } else if (!/[^\s<>]@?[^\s<>]/.test(read.notifFrom)) {
      place.at('notif_from').report('expected a mail address. Write "Me <me@example.org>".');
    }
    for (const [key, isSet] of [
      ['force_tls', read.forceTls],
      ['require_transport_security', read.requireTransportSecurity],
    ] as const) {
      if (isSet && !read.enableTls) place.report(`"${key}" needs "enable_tls: true". Remove one of them.`);
    }
    if (read.inviteClientLocation !== undefined && !/^https?:\/\//.test(read.inviteClientLocation)) {
      place.at('invite_client_location').report('expected a URL that starts with http:// or https://.');
    }
    return read;
  },
);
