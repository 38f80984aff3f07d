import { type Code, Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import { respondWithHtml } from '../../../web/html-response.js';
import { escapeHtml } from '../../../web/error-pages.js';
import { parseEmail } from '../../users/email-address.js';
import { phoneNumberToMsisdn } from '../../users/phone-number.js';
import type { ValidationPurpose, ThreepidValidation } from '../../users/threepid-validation.js';
import { parseClientSecret, type Threepids } from '../../users/threepids.js';
import { randomLetters } from '../../runtime/random-letters.js';
import {
  checkModel,
  type FieldCheck,
  integer,
  isClientSecret,
  isInteger,
  isText,
  optionalText,
  orNull,
  requireParams,
  text,
} from '../server/fields.js';
import { requiredQueryString } from '../server/query.js';
import { type Answer, type Call, clientPaths, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { ThreepidStore } from '../../store/threepid-store.js';
import type { IdentityServers } from '../../users/identity-servers.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly limits: RateLimiters;
  readonly threepidStore: ThreepidStore;
  readonly identityServers: IdentityServers;
  readonly threepids: Threepids;
  readonly threepidValidation: ThreepidValidation;
}

/** What clients get where mail or phone numbers are not there for a purpose. */
interface Purpose {
  readonly name: ValidationPurpose;
  /** Where mail is not configured. */
  readonly unsupported: readonly [message: string, errcode?: Code];
  /** Where the address may not be used. */
  readonly denied: string;
}

const registration: Purpose = {
  name: 'registration',
  unsupported: ['Email-based registration has been disabled on this server'],
  denied: 'Your email domain is not authorized to register on this server',
};

const addThreepid: Purpose = {
  name: 'add_threepid',
  unsupported: ['Adding an email to your account is disabled on this server', Codes.THREEPID_MEDIUM_NOT_SUPPORTED],
  denied: 'Your email domain is not authorized on this server',
};

/** Mails and messages that prove an address (`rest/client/register.py`, `account.py`). */
export function requestTokenRoutes(users: UserParts): Route[] {
  const request = (path: string, handle: (users: UserParts, call: Call) => Promise<Answer>): Route => ({
    method: 'POST',
    paths: clientPaths(path),
    handle: (call) => handle(users, call),
  });
  return [
    request('/register/email/requestToken', registrationEmail),
    request('/register/msisdn/requestToken', registrationPhone),
    request('/account/3pid/email/requestToken', accountEmail),
    request('/account/3pid/msisdn/requestToken', accountPhone),
    request('/account/password/email/requestToken', passwordEmail),
    {
      method: 'POST',
      paths: clientPaths('/add_threepid/msisdn/submit_token', ['unstable']),
      handle: (call) => submitPhone(users, call),
    },
    {
      method: 'GET',
      paths: clientPaths('/registration/:medium/submit_token', ['unstable']),
      handle: async (call) => {
        if (call.params['medium'] !== 'email') {
          throw new SynapseError(400, 'This medium is currently not supported for registration');
        }
        return submit(users, call, ['Email-based registration is disabled on this server']);
      },
    },
    {
      method: 'GET',
      paths: clientPaths('/add_threepid/email/submit_token', ['unstable']),
      handle: async (call) => submit(users, call, addThreepid.unsupported),
    },
    {
      method: 'GET',
      paths: ['/_synapse/client/password_reset/email/submit_token'],
      handle: async (call) => submit(users, call, ['Email-based password resets are disabled on this server']),
    },
  ];
}

async function registrationEmail(users: UserParts, call: Call): Promise<Answer> {
  checkMail(users, registration);
  checkRegistrationEnabled(users);
  const body = await call.json();
  requireParams(body, ['client_secret', 'email', 'send_attempt']);
  const clientSecret = parseClientSecret(body['client_secret']);
  const email = parseEmail(body['email']);
  await checkAllowed(users, 'email', email, true, registration.denied);
  await limit(users, call, 'email', email);
  return (
    inUse(users, 'email', email, 'Email is already in use') ??
    (await sendMail(users, 'registration', body, email, clientSecret))
  );
}

async function accountEmail(users: UserParts, call: Call): Promise<Answer> {
  users.threepids.checkChangesAllowed();
  checkMail(users, addThreepid);
  const body = await call.json();
  const { email, clientSecret } = parseEmailBody(body);
  await checkAllowed(users, 'email', email, false, addThreepid.denied);
  await limit(users, call, 'email', email);
  checkNextLink(users, optionalText(body, 'next_link'));
  return (
    inUse(users, 'email', email, 'Email is already in use') ??
    (await sendMail(users, 'add_threepid', body, email, clientSecret))
  );
}

async function passwordEmail(users: UserParts, call: Call): Promise<Answer> {
  if (users.context.config.email === undefined) {
    throw new SynapseError(400, 'Email-based password resets have been disabled on this server');
  }
  const body = await call.json();
  const { email, clientSecret } = parseEmailBody(body);
  checkNextLink(users, optionalText(body, 'next_link'));
  await limit(users, call, 'email', email);
  if (users.threepidStore.findUser('email', email) === undefined) {
    if (users.context.config.requestTokenInhibit3pidErrors) return { sid: randomLetters(16) };
    throw new SynapseError(400, 'Email not found', Codes.THREEPID_NOT_FOUND);
  }
  return sendMail(users, 'password_reset', body, email, clientSecret);
}

async function registrationPhone(users: UserParts, call: Call): Promise<Answer> {
  const body = await call.json();
  requireParams(body, ['client_secret', 'country', 'phone_number', 'send_attempt']);
  parseClientSecret(body['client_secret']);
  const msisdn = await phoneNumberToMsisdn(text(body, 'country'), text(body, 'phone_number'));
  const denied = 'Phone numbers are not authorized to register on this server';
  await checkAllowed(users, 'msisdn', msisdn, true, denied);
  await limit(users, call, 'msisdn', msisdn);
  const known = inUse(users, 'msisdn', msisdn, 'Phone number is already in use');
  if (known !== undefined) return known;
  const { msisdn: delegate } = users.context.config.accountThreepidDelegates;
  if (delegate !== undefined) return sendMessage(users, delegate, body);
  throw new SynapseError(400, 'Registration by phone number is not supported on this homeserver');
}

async function accountPhone(users: UserParts, call: Call): Promise<Answer> {
  const { msisdn: delegate } = users.context.config.accountThreepidDelegates;
  if (delegate === undefined) {
    throw new SynapseError(
      400,
      'Adding phone numbers to user account is not supported by this homeserver',
      Codes.THREEPID_MEDIUM_NOT_SUPPORTED,
    );
  }
  const body = await call.json();
  const msisdn = await parsePhoneBody(body);
  await checkAllowed(users, 'msisdn', msisdn, false, 'Account phone numbers are not authorized on this server');
  await limit(users, call, 'msisdn', msisdn);
  checkNextLink(users, optionalText(body, 'next_link'));
  return inUse(users, 'msisdn', msisdn, 'MSISDN is already in use') ?? (await sendMessage(users, delegate, body));
}

/** Hands what a user got by phone on to the server that sent it. */
async function submitPhone(users: UserParts, call: Call): Promise<Answer> {
  const { msisdn: delegate } = users.context.config.accountThreepidDelegates;
  if (delegate === undefined) {
    throw new SynapseError(400, 'This homeserver is not validating phone numbers. Use an identity server instead.');
  }
  const body = await call.json();
  checkModel(body, { client_secret: isClientSecret, sid: isText, token: isText });
  const { client_secret, sid, token } = body;
  return users.identityServers.submitMsisdnToken(delegate, { client_secret, sid, token });
}

/** The page behind the link of a mail. */
function submit(users: UserParts, call: Call, unsupported: Purpose['unsupported']): Answer {
  if (users.context.config.email === undefined) throw new SynapseError(400, ...unsupported);
  const sid = requiredQueryString(call.query, 'sid');
  const clientSecret = parseClientSecret(requiredQueryString(call.query, 'client_secret'));
  const token = requiredQueryString(call.query, 'token');
  try {
    const nextLink = users.threepidValidation.submit(sid, clientSecret, token);
    if (nextLink !== null && !nextLink.startsWith('file:///')) {
      return new Response(null, { status: 302, headers: { Location: nextLink } });
    }
    return respondWithHtml(
      200,
      '<html><body><p>Your email address is confirmed. Go back to your client.</p></body></html>',
    );
  } catch (error) {
    if (!(error instanceof SynapseError)) throw error;
    return respondWithHtml(error.status, `<html><body><p>${escapeHtml(error.message)}</p></body></html>`);
  }
}

function checkMail(users: UserParts, { unsupported }: Purpose): void {
  if (users.context.config.email === undefined) throw new SynapseError(400, ...unsupported);
}

function checkRegistrationEnabled(users: UserParts): void {
  if (users.context.config.enableRegistration) return;
  throw new SynapseError(403, 'Registration is disabled on this homeserver', Codes.FORBIDDEN);
}

async function checkAllowed(
  users: UserParts,
  medium: string,
  address: string,
  isRegistration: boolean,
  refusal: string,
): Promise<void> {
  if (await users.threepids.isAllowed(medium, address, isRegistration)) return;
  throw new SynapseError(403, refusal, Codes.THREEPID_DENIED);
}

async function limit(users: UserParts, call: Call, medium: string, address: string): Promise<void> {
  await users.limits.threepidValidation.check(undefined, { key: `${medium} ${call.ip}` });
  await users.limits.threepidValidation.check(undefined, { key: `${medium} ${address}` });
}

/** What is answered for an address that an account has already. */
function inUse(users: UserParts, medium: string, address: string, message: string): JsonObject | undefined {
  if (users.threepidStore.findUser(medium, address) === undefined) return undefined;
  if (users.context.config.requestTokenInhibit3pidErrors) return { sid: randomLetters(16) };
  throw new SynapseError(400, message, Codes.THREEPID_IN_USE);
}

async function sendMail(
  users: UserParts,
  purpose: ValidationPurpose,
  body: JsonObject,
  email: string,
  clientSecret: string,
): Promise<JsonObject> {
  const request = {
    email,
    clientSecret,
    sendAttempt: integer(body, 'send_attempt'),
    nextLink: optionalText(body, 'next_link'),
  };
  return { sid: await users.threepidValidation.request(purpose, request) };
}

/** Has a message sent by the identity server that the configuration names. */
async function sendMessage(users: UserParts, delegate: string, body: JsonObject): Promise<JsonObject> {
  const { country, phone_number, client_secret, send_attempt, next_link } = body;
  const request = { country, phone_number, client_secret, send_attempt, next_link };
  return {
    ...(await users.identityServers.requestMsisdnToken(delegate, request)),
    submit_url: `${users.context.config.publicBaseurl}_matrix/client/unstable/add_threepid/msisdn/submit_token`,
  };
}

/** What all bodies that ask for a token have in common (`types/rest/client: ThreepidRequestTokenBody`). */
const tokenModel = {
  client_secret: isClientSecret,
  id_server: orNull(isText),
  id_access_token: orNull(isText),
  next_link: orNull(isText),
  send_attempt: isInteger,
};

function parseEmailBody(body: JsonObject): { readonly email: string; readonly clientSecret: string } {
  checkModel(body, { ...tokenModel, email: isEmail });
  checkIdServer(body);
  return { clientSecret: text(body, 'client_secret'), email: parseEmail(body['email']) };
}

async function parsePhoneBody(body: JsonObject): Promise<string> {
  checkModel(body, { ...tokenModel, country: isCountry, phone_number: isText });
  checkIdServer(body);
  return phoneNumberToMsisdn(text(body, 'country'), text(body, 'phone_number'));
}

const isEmail: FieldCheck = (value) => {
  const fault = isText(value);
  if (fault !== undefined) return fault;
  try {
    parseEmail(value);
    return undefined;
  } catch {
    return { kind: 'value', problem: 'Value error, Unable to parse email address' };
  }
};

const isCountry: FieldCheck = (value) =>
  typeof value === 'string' && /[A-Z]{2}/.test(value)
    ? undefined
    : { kind: value === undefined ? 'missing' : 'value', problem: 'Not a valid ISO 3166-1 alpha-2 country code' };

function checkIdServer(body: JsonObject): void {
  if (optionalText(body, 'id_server') === null || optionalText(body, 'id_access_token') !== null) return;
  const message = 'id_access_token is required if an id_server is supplied.';
  throw new SynapseError(400, message, Codes.INVALID_PARAM);
}

function checkNextLink(users: UserParts, link: string | null): void {
  if (link === null || link === '') return;
  const url = URL.canParse(link) ? new URL(link) : undefined;
  const hosts = users.context.config.nextLinkDomainWhitelist;
  if (url?.protocol !== 'file:' && (hosts === undefined || hosts.includes(url?.hostname ?? ''))) return;
  const message = "'next_link' domain not included in whitelist, or not http(s)";
  throw new SynapseError(400, message, Codes.INVALID_PARAM);
}
