import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';

/** A phone number as it is dialled in a country (two letters), in the international form without `+`; 400 when it is none. */
export async function phoneNumberToMsisdn(country: string, number: string): Promise<string> {
  const { parsePhoneNumberFromString } = await import('libphonenumber-js/min');
  const parsed = parsePhoneNumberFromString(number, { defaultCountry: country as 'GB', extract: false });
  if (parsed === undefined) throw new SynapseError(400, 'Unable to parse phone number', Codes.INVALID_PARAM);
  return parsed.number.slice(1);
}
