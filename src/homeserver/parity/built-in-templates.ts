const page = (title: string, ...paragraphs: readonly string[]): string =>
  `<!doctype html>\n<html lang="en">\n  <head><meta charset="utf-8"><title>${title}</title></head>\n  <body>\n    <h1>${title}</h1>\n${paragraphs
    .map((paragraph) => `    <p>${paragraph}</p>\n`)
    .join('')}  </body>\n</html>\n`;

const link = '<a href="{{ link }}">{{ link }}</a>';
const ifNotYou = 'If this was not you, ignore this message.';

/** A mail as HTML and as text. */
const mail = (name: string, title: string, ...paragraphs: readonly string[]): Record<string, string> => ({
  [`${name}.html`]: page(title, ...paragraphs.map((text) => text.replace('{{ link }}', link))),
  [`${name}.txt`]: `${paragraphs.join('\n\n')}\n`,
});

/** The templates that exist without a directory of one's own, under the names that Synapse's have. */
export const builtInTemplates: Readonly<Record<string, string>> = {
  ...mail(
    'notice_expiry',
    'Your account expires soon',
    'Hello {{ display_name }},',
    'your account at {{ app_name }} expires on {{ expiration_ts|format_ts("%d-%m-%Y") }}. To renew it, follow {{ url }}.',
  ),
  ...mail('password_reset', 'Reset your password', 'To set a new password, follow {{ link }}.', ifNotYou),
  ...mail('registration', 'Confirm your address', 'To finish your registration, follow {{ link }}.', ifNotYou),
  ...mail('add_threepid', 'Confirm your address', 'To add this address, follow {{ link }}.', ifNotYou),
  ...mail('already_in_use', 'Address in use', 'This address belongs to another account of {{ app_name }}.', ifNotYou),
  ...mail(
    'notif_mail',
    'New messages',
    'Hello {{ user_display_name }},',
    '{{ summary_text }}',
    'To end these messages, follow {{ unsubscribe_link }}.',
  ),
  'account_renewed.html': page(
    'Account renewed',
    'Your account is valid until {{ expiration_ts|format_ts("%d-%m-%Y") }}.',
  ),
  'account_previously_renewed.html': page(
    'Account renewed before',
    'Your account is valid until {{ expiration_ts|format_ts("%d-%m-%Y") }}.',
  ),
  'invalid_token.html': page('Invalid link', 'The link is wrong or was used before.'),
  'password_reset_success.html': page('Address confirmed', 'Go back to your client to set the new password.'),
  'password_reset_failure.html': page(
    'Address not confirmed',
    'The address could not be confirmed: {{ failure_reason }}.',
  ),
  'password_reset_confirmation.html': page('Reset your password', 'Go on only if you asked for it.'),
  'registration_success.html': page('Address confirmed', 'Go back to your client to finish your registration.'),
  'registration_failure.html': page(
    'Address not confirmed',
    'The address could not be confirmed: {{ failure_reason }}.',
  ),
  'add_threepid_success.html': page('Address confirmed', 'Go back to your client.'),
  'add_threepid_failure.html': page(
    'Address not confirmed',
    'The address could not be confirmed: {{ failure_reason }}.',
  ),
  'auth_success.html': page('Confirmed', 'Go back to your client.'),
  'sso_account_deactivated.html': page('Account deactivated', 'This account was deactivated.'),
  'sso_auth_success.html': page('Confirmed', 'Go back to your client.'),
  'sso_auth_bad_user.html': page('Wrong account', 'You signed in to another account than the one that asks.'),
  'sso_auth_confirm.html': page(
    'Confirm',
    'A client asks to {{ description }}. <a href="{{ redirect_url }}">Confirm with {{ idp.idp_name }}</a>',
  ),
  'sso_error.html': page('Sign-in failed', 'Sign-in failed: {{ error_description }}.'),
  'sso_redirect_confirm.html': page(
    'Sign in',
    'You are about to sign in to {{ server_name }} as {{ user_id }} at <strong>{{ display_url }}</strong>.',
    '<a href="{{ redirect_url }}">Go on</a>',
  ),
  'terms.html': page('Terms', 'Read and accept <a href="{{ terms_url }}">the terms</a>.'),
  'registration_token.html': page('Registration token', 'Give the token that you were sent.'),
  'recaptcha.html': page('Captcha', 'Show that you are no machine.'),
  'media_upload_limit_exceeded.html': page('Upload limit', 'You have uploaded more than you may for now.'),
};
