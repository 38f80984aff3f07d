import { ConfigError } from '../../../src/errors/config-error.js';
import { HostError } from '../../../src/errors/host-error.js';
import { InvalidClientCredentialsError, RedirectException, SynapseError } from '../../../src/errors/synapse-error.js';
import { isRecord, type JsonRecord, type RaiseSpec, textOf } from '../format.js';
import { decodePlain } from './plain-forms.js';

/** Classes of Synapse that are SynapseError here, told apart by what a client sees of them. */
const raisedSynapseErrors: ReadonlySet<unknown> = new Set([
  'SynapseError',
  'AuthError',
  'ConsentNotGivenError',
  'LimitExceededError',
  'NotFoundError',
  'UserDeactivatedError',
]);

/** The error that a puppet throws. */
export function errorFor(spec: RaiseSpec): Error {
  const message = spec.message ?? 'raised by the puppet';
  if (raisedSynapseErrors.has(spec.type)) return synapseError(spec, message);
  switch (spec.type) {
    case 'ShadowBanError':
      return new HostError(spec.type, message);
    case 'InvalidClientCredentialsError':
      return new InvalidClientCredentialsError(message, spec.errcode ?? 'M_UNKNOWN_TOKEN');
    case 'RedirectException':
      return new RedirectException(spec.location ?? '', spec.status);
    case 'ConfigError':
    case 'ValidationError':
      return new ConfigError(message, spec.path);
    case undefined:
    default:
      return new Error(message);
  }
}

function synapseError(spec: RaiseSpec, message: string): SynapseError {
  const { status = 403, errcode = 'M_UNKNOWN', additional_fields: fields = {}, headers } = spec;
  return new SynapseError(status, message, errcode, decodePlain(fields) as Record<string, unknown>, headers);
}

/** What a ModuleApi method threw, in the form that cases use. */
export function encodeError(error: unknown): JsonRecord {
  if (error instanceof SynapseError) {
    return { type: error.name, status: error.status, errcode: error.errcode, message: error.message };
  }
  if (error instanceof HostError) return { type: error.type, message: error.message };
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  return { type: pythonNames[error.name] ?? error.name, message: error.message };
}

/** Python's names of errors that have another one here. */
const pythonNames: Readonly<Record<string, string>> = { Error: 'RuntimeError' };

/** Synapse's subclasses of SynapseError: here they are all that one class, told apart by status and code. */
const synapseErrors: ReadonlySet<unknown> = new Set([
  'AuthError',
  'ConsentNotGivenError',
  'EventSizeError',
  'InvalidClientCredentialsError',
  'InvalidClientTokenError',
  'LimitExceededError',
  'LoginError',
  'MissingClientTokenError',
  'NotFoundError',
  'OAuthInsufficientScopeError',
  'PartialStateConflictError',
  'ResourceLimitError',
  'ShadowBanError',
  'StoreError',
  'ThreepidValidationError',
  'UnstableSpecAuthError',
  'UnsupportedRoomVersionError',
  'UserDeactivatedError',
]);

/** The expected `raises` of a step with the name of the class as `actual` may have it. */
export function expectedRaise(expected: JsonRecord, actual: unknown): JsonRecord {
  const isOurs = isRecord(actual) && actual['status'] !== undefined;
  if (!isOurs || !synapseErrors.has(expected['type'])) return expected;
  return {
    ...expected,
    type: { $match: '^(SynapseError|InvalidClientCredentialsError|' + textOf(expected['type']) + ')$' },
  };
}
