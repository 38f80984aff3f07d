import type { HomeserverConfig } from '../../config/homeserver-config.js';
import { DUMMY, EMAIL_IDENTITY, MSISDN } from './ui-auth.js';

const REGISTRATION_TOKEN = 'm.login.registration_token';

/** The flows of a registration (`rest/client/register.py: _calculate_registration_flows`). */
export function registrationFlows(config: HomeserverConfig): readonly (readonly string[])[] {
  const showsEmail = config.email !== undefined;
  const showsMsisdn = mayTakePhoneNumbers(config);
  const requiresEmail = showsEmail && config.registrationsRequire3pid.includes('email');
  const requiresMsisdn = showsMsisdn && config.registrationsRequire3pid.includes('msisdn');
  const flows: string[][] = [];
  if (!requiresEmail && !requiresMsisdn) flows.push([DUMMY]);
  if (showsEmail && !requiresMsisdn) flows.push([EMAIL_IDENTITY]);
  if (showsMsisdn && !requiresEmail) flows.push([MSISDN]);
  if (showsEmail && showsMsisdn) flows.push([MSISDN, EMAIL_IDENTITY]);
  // Tokens cannot be made here, so a server that asks for them takes no registrations.
  return config.registrationRequiresToken ? flows.map((flow) => [REGISTRATION_TOKEN, ...flow]) : flows;
}

function mayTakePhoneNumbers(config: HomeserverConfig): boolean {
  return config.accountThreepidDelegates.msisdn !== undefined && !config.disableMsisdnRegistration;
}
