import type { HomeserverConfig } from '../../config/homeserver/homeserver-config.js';
import { REGISTRATION_TOKEN } from './registration-tokens.js';
import { DUMMY, EMAIL_IDENTITY, MSISDN } from './ui-auth.js';

/** The flows of a registration (`rest/client/register.py: _calculate_registration_flows`). */
export function registrationFlows(config: HomeserverConfig): readonly (readonly string[])[] {
  const flows = flowsByAddress(config);
  if (config.enableRegistrationToken3pidBypass) flows.push([REGISTRATION_TOKEN]);
  if (!config.registrationRequiresToken) return flows;
  return flows.map((flow) => (flow.includes(REGISTRATION_TOKEN) ? flow : [REGISTRATION_TOKEN, ...flow]));
}

/** With no address, or one or two that are proven. */
function flowsByAddress(config: HomeserverConfig): string[][] {
  const showsEmail = config.email !== undefined;
  const showsMsisdn = mayTakePhoneNumbers(config);
  const requiresEmail = showsEmail && config.registrationsRequire3pid.includes('email');
  const requiresMsisdn = showsMsisdn && config.registrationsRequire3pid.includes('msisdn');
  const flows: string[][] = [];
  if (!requiresEmail && !requiresMsisdn) flows.push([DUMMY]);
  if (showsEmail && !requiresMsisdn) flows.push([EMAIL_IDENTITY]);
  if (showsMsisdn && !requiresEmail) flows.push([MSISDN]);
  if (showsEmail && showsMsisdn) flows.push([MSISDN, EMAIL_IDENTITY]);
  return flows;
}

function mayTakePhoneNumbers(config: HomeserverConfig): boolean {
  return config.accountThreepidDelegates.msisdn !== undefined && !config.disableMsisdnRegistration;
}
