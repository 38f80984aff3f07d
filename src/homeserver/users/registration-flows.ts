import { type HomeserverConfig } from '../../config/homeserver-config.js';
import { DUMMY, EMAIL_IDENTITY, MSISDN } from './ui-auth.js';

/** The flows of a registration (`rest/client/register.py: _calculate_registration_flows`). */
export function registrationFlows(config: HomeserverConfig): readonly (readonly string[])[] {
  const showsEmail = config.email !== undefined;
  const showsMsisdn = config.accountThreepidDelegates.msisdn !== undefined && !config.disableMsisdnRegistration;
  const requiresEmail = showsEmail && config.registrationsRequire3pid.includes('email');
  const requiresMsisdn = showsMsisdn && config.registrationsRequire3pid.includes('msisdn');
  const flows: string[][] = [];
  if (!requiresEmail && !requiresMsisdn) flows.push([DUMMY]);
  if (showsEmail && !requiresMsisdn) flows.push([EMAIL_IDENTITY]);
  if (showsMsisdn && !requiresEmail) flows.push([MSISDN]);
  if (showsEmail && showsMsisdn) flows.push([MSISDN, EMAIL_IDENTITY]);
  return flows;
}
