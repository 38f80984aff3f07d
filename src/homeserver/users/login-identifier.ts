import { isTruthy } from '../../callbacks/truthiness.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import { canonicalEmail } from './email-address.js';
import { phoneNumberToMsisdn } from './phone-number.js';

/** Who wants to log in, as the client says it. */
export type LoginIdentifier =
  /** A localpart or a whole user ID. */
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'threepid'; readonly medium: string; readonly address: string };

/** Reads the identifier of a login, in today's form or an older one (`handlers/auth.py: validate_login`). */
export async function parseLoginIdentifier(submission: JsonObject): Promise<LoginIdentifier> {
  const identifier = identifierOf(submission);
  const { type } = identifier;
  if (type === 'm.id.user') return parseUser(identifier);
  if (type === 'm.id.thirdparty') return parseThreepid(identifier);
  if (type === 'm.id.phone') return parsePhone(identifier);
  throw new SynapseError(400, 'Unknown login identifier type');
}

function identifierOf(submission: JsonObject): JsonObject {
  const { user, medium, address } = submission;
  if (isGiven(medium) && isGiven(address)) return { type: 'm.id.thirdparty', medium, address };
  if (isGiven(user)) return { type: 'm.id.user', user };
  const identifier = submission['identifier'];
  if (!isTruthy(identifier)) throw new SynapseError(400, 'Invalid login submission', Codes.INVALID_PARAM);
  if (!isJsonObject(identifier) || !('type' in identifier)) {
    throw new SynapseError(400, "'identifier' dict has no key 'type'", Codes.MISSING_PARAM);
  }
  return identifier;
}

function isGiven<T>(value: T): value is Exclude<T, undefined | null> {
  return value !== undefined && value !== null && value !== '';
}

function parseUser({ user }: JsonObject): LoginIdentifier {
  if (!isGiven(user)) throw new SynapseError(400, "User identifier is missing 'user' key");
  if (typeof user !== 'string') throw new SynapseError(400, 'Invalid user in identifier', Codes.INVALID_PARAM);
  return { kind: 'user', user };
}

function parseThreepid({ medium, address }: JsonObject): LoginIdentifier {
  if (typeof medium !== 'string' || typeof address !== 'string') {
    throw new SynapseError(400, 'Invalid thirdparty identifier');
  }
  return { kind: 'threepid', medium, address: medium === 'email' ? canonicalEmail(address) : address };
}

async function parsePhone(identifier: JsonObject): Promise<LoginIdentifier> {
  const { country, phone, number } = identifier;
  if (country === undefined || (phone === undefined && number === undefined)) {
    throw new SynapseError(400, 'Invalid phone-type identifier', Codes.INVALID_PARAM);
  }
  // The specification's field is `phone`; Synapse fails without the older `number`, whichever of the two it takes then.
  if (number === undefined) throw missingKeys();
  const digits = phone ?? number;
  if (typeof country !== 'string' || typeof digits !== 'string') {
    throw new SynapseError(400, 'Invalid phone-type identifier', Codes.INVALID_PARAM);
  }
  return { kind: 'threepid', medium: 'msisdn', address: await phoneNumberToMsisdn(country, digits) };
}

/** What Synapse answers to a login that lacks a member it reads (`rest/client/login.py: on_POST`). */
export function missingKeys(): SynapseError {
  return new SynapseError(400, 'Missing JSON keys.');
}
