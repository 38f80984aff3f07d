import { type Code, Codes } from '../../errors/matrix-codes.js';
import { InvalidClientCredentialsError, SynapseError } from '../../errors/synapse-error.js';

/** Not authorised (`api/errors.py: AuthError`): `M_FORBIDDEN` unless said otherwise. */
export class AuthError extends SynapseError {
  constructor(
    status: number,
    message: string,
    errcode: Code | string = Codes.FORBIDDEN,
    additionalFields: Readonly<Record<string, unknown>> = {},
  ) {
    super(status, message, errcode, additionalFields);
    this.name = 'AuthError';
  }
}

/**
 * 403 with a code that says more than the one that clients get, `M_FORBIDDEN`: modules see it (`UnstableSpecAuthError`,
 * MSC3848).
 */
export class UnstableSpecAuthError extends AuthError {
  constructor(message: string, errcode: Code) {
    super(403, message, errcode);
    this.name = 'UnstableSpecAuthError';
  }

  override toBody(): Record<string, unknown> {
    return { ...super.toBody(), errcode: Codes.FORBIDDEN.value };
  }
}

/** A stage of a login failed (`LoginError`); in user-interactive authentication the client may try again. */
export class LoginError extends SynapseError {
  constructor(status: number, message: string, errcode?: Code | string) {
    super(status, message, errcode);
    this.name = 'LoginError';
  }
}

/** 404 `M_NOT_FOUND` (`NotFoundError`). */
export class NotFoundError extends SynapseError {
  constructor(message = 'Not found', errcode: Code | string = Codes.NOT_FOUND) {
    super(404, message, errcode);
    this.name = 'NotFoundError';
  }
}

/** The database does not allow it (`StoreError`): mostly 404 "No row found (table)". */
export class StoreError extends SynapseError {
  constructor(status: number, message: string, errcode?: Code | string) {
    super(status, message, errcode);
    this.name = 'StoreError';
  }
}

/** Synapse's answer when a row that must exist does not. */
export function noRowFound(table: string): StoreError {
  return new StoreError(404, `No row found (${table})`);
}

/** The request makes no sense to the server (`UnrecognizedRequestError`). */
export class UnrecognizedRequestError extends SynapseError {
  constructor(message = 'Unrecognized request', status = 400) {
    super(status, message, Codes.UNRECOGNIZED);
    this.name = 'UnrecognizedRequestError';
  }
}

/** 401 `M_MISSING_TOKEN` (`MissingClientTokenError`). */
export function missingToken(message = 'Missing access token'): InvalidClientCredentialsError {
  return new InvalidClientCredentialsError(message, Codes.MISSING_TOKEN);
}

/** 401 `M_UNKNOWN_TOKEN` (`InvalidClientTokenError`). */
export function invalidToken(message = 'Unrecognised access token', softLogout = false): InvalidClientCredentialsError {
  return new InvalidClientCredentialsError(message, Codes.UNKNOWN_TOKEN, { soft_logout: softLogout });
}

/** 401 `M_USER_LOCKED` (`UserLockedError`). */
export function userLocked(): SynapseError {
  return new SynapseError(401, 'User account has been locked', Codes.USER_LOCKED, { soft_logout: true });
}
