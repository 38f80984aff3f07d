import { ConfigError } from '../errors/config-error.js';
import { HostError } from '../errors/host-error.js';
import { HttpResponseException } from '../errors/http-response-exception.js';
import { InvalidClientCredentialsError, RedirectException, SynapseError } from '../errors/synapse-error.js';
import { isJsonObject, type JsonObject } from '../matrix/json.js';
import type { WireError } from './wire-values.js';

/** How deep causes are followed. */
const maxCauses = 10;

/** An error as the other side can make it again. */
export function encodeError(error: unknown): WireError {
  if (!(error instanceof Error)) return { type: 'Error', message: String(error) };
  const causes = causesOf(error);
  const shared = {
    type: error instanceof HostError ? error.type : error.name,
    message: error.message,
    ...(causes.length > 0 && { causes }),
  };
  if (error instanceof SynapseError) return { ...shared, ...answerOf(error) };
  const fields = { ...shared, ...(error.stack !== undefined && { stack: error.stack }) };
  if (error instanceof RedirectException) {
    return { ...fields, status: error.status, location: error.location, cookies: [...error.cookies] };
  }
  if (error instanceof HttpResponseException) {
    const message = error.message.replace(`${error.code}: `, '');
    return { ...fields, message, status: error.code, response: Buffer.from(error.response).toString('base64') };
  }
  if (error instanceof ConfigError) return { ...fields, path: error.path.map(pathPart) };
  return fields;
}

/** The error that the other side threw. */
export function decodeError(wire: unknown): Error {
  const parsed = parseError(wire);
  const error = make(parsed);
  if (parsed.stack !== undefined) error.stack = `${error.stack ?? error.message}\n${parsed.stack}`;
  return error;
}

/** A part of a path as Synapse writes it. */
export function pathPart(part: string | number): string {
  return typeof part === 'number' ? `<item ${part}>` : part;
}

function answerOf({ status, errcode, additionalFields, headers }: SynapseError): Partial<WireError> {
  return {
    status,
    errcode,
    ...(Object.keys(additionalFields).length > 0 && { additional_fields: additionalFields as JsonObject }),
    ...(Object.keys(headers).length > 0 && { headers }),
  };
}

function causesOf(error: Error): readonly string[] {
  const causes: string[] = [];
  let { cause } = error;
  while (cause !== undefined && cause !== null && causes.length < maxCauses) {
    causes.push(cause instanceof Error ? `${cause.name}: ${cause.message}` : typeof cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

function make(wire: WireError): Error {
  const { type, message, status, causes = [] } = wire;
  const options = causes[0] === undefined ? {} : { cause: new HostError('Exception', causes.join(': ')) };
  if (type === 'RedirectException') return redirect(wire);
  if (type === 'HttpResponseException') {
    const body = new Uint8Array(Buffer.from(wire.response ?? '', 'base64'));
    return new HttpResponseException(status ?? 500, message.replace(`${status ?? 500}: `, ''), body, options);
  }
  // An error of a module that went through Synapse comes back as what it was.
  if (type === 'ModuleError') return new Error(message, options);
  if (type === 'ConfigError') return new ConfigError(message, wire.path, options);
  return status === undefined ? new HostError(type, message, options) : synapseError(wire, status, options);
}

function redirect({ location = '', status, cookies = [] }: WireError): RedirectException {
  const error = new RedirectException(location, status);
  error.cookies.push(...cookies);
  return error;
}

/** Classes of Synapse below `InvalidClientCredentialsError`. */
const credentialErrors = ['InvalidClientCredentialsError', 'MissingClientTokenError', 'InvalidClientTokenError'];

function synapseError(wire: WireError, status: number, options: ErrorOptions): SynapseError {
  const { type, message, errcode, additional_fields: fields = {}, headers = {} } = wire;
  const error = credentialErrors.includes(type)
    ? new InvalidClientCredentialsError(message, errcode ?? 'M_UNKNOWN', fields)
    : new SynapseError(status, message, errcode, fields, headers, options);
  error.name = type;
  return error;
}

/** Whatever the other side sent, this is an error of it. */
function parseError(wire: unknown): WireError {
  const given = isJsonObject(wire) ? wire : {};
  const text = (name: string): string | undefined => (typeof given[name] === 'string' ? given[name] : undefined);
  const texts = (name: string): readonly string[] | undefined =>
    Array.isArray(given[name]) ? given[name].map(String) : undefined;
  const object = (name: string): JsonObject | undefined => (isJsonObject(given[name]) ? given[name] : undefined);
  const members = {
    status: typeof given['status'] === 'number' ? given['status'] : undefined,
    errcode: text('errcode'),
    additional_fields: object('additional_fields'),
    headers: object('headers') as WireError['headers'],
    location: text('location'),
    cookies: texts('cookies'),
    path: texts('path'),
    response: text('response'),
    causes: texts('causes'),
    stack: text('stack'),
  };
  const known = Object.entries(members).filter(([, value]) => value !== undefined);
  return { type: text('type') ?? 'Exception', message: text('message') ?? '', ...Object.fromEntries(known) };
}
