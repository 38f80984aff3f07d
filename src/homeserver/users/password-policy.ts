import type { PasswordPolicyConfig } from '../../config/homeserver/homeserver-sections.js';
import { type Code, Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';

/** 400 for a password that the policy of this server does not take (`handlers/password_policy.py`). */
export function checkPasswordPolicy(policy: PasswordPolicyConfig, password: string): void {
  if (!policy.enabled) return;
  const { minimumLength = 0 } = policy;
  if (password.length < minimumLength) {
    throw refused(`The password must be at least ${minimumLength} characters long`, Codes.PASSWORD_TOO_SHORT);
  }
  const rules: readonly (readonly [required: boolean, pattern: RegExp, what: string, code: Code])[] = [
    [policy.requireDigit, /\d/, 'digit', Codes.PASSWORD_NO_DIGIT],
    [policy.requireSymbol, /[^a-zA-Z0-9]/, 'symbol', Codes.PASSWORD_NO_SYMBOL],
    [policy.requireUppercase, /[A-Z]/, 'uppercase letter', Codes.PASSWORD_NO_UPPERCASE],
    [policy.requireLowercase, /[a-z]/, 'lowercase letter', Codes.PASSWORD_NO_LOWERCASE],
  ];
  for (const [isRequired, pattern, what, code] of rules) {
    if (isRequired && !pattern.test(password)) throw refused(`The password must include at least one ${what}`, code);
  }
}

function refused(message: string, code: Code): SynapseError {
  return new SynapseError(400, message, code);
}
