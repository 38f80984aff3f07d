import { inspect } from 'node:util';
import { ConfigError } from '../../errors/config-error.js';
import { HostError } from '../../errors/host-error.js';
import { HttpResponseException } from '../../errors/http-response-exception.js';
import { InvalidClientCredentialsError, RedirectException, SynapseError } from '../../errors/synapse-error.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import { sayOf } from '../../matrix/json-fault.js';
import type { WireError } from './wire-values.js';

/** How deep causes are followed. */
const maxCauses = 10;

/** Where an error goes. */
export interface ErrorTarget {
  /** The connection: an error that came over it goes back as what it was. */
  readonly owner?: object;
  /** Whether the other side may see where the error was thrown. */
  readonly mayShowStack?: boolean;
}

/** An error as the other side can make it again. Never throws, whatever was thrown. */
export function encodeError(error: unknown, { owner, mayShowStack = false }: ErrorTarget = {}): WireError {
  try {
    const wire = fieldsOf(error);
    const origin = owner === undefined ? undefined : originOf(error, owner, wire);
    const stack = mayShowStack && !(error instanceof SynapseError) && error instanceof Error ? error.stack : undefined;
    return { ...wire, ...(origin !== undefined && { origin }), ...(typeof stack === 'string' && { stack }) };
  } catch (fault) {
    return { type: 'Error', message: `An error that cannot be read: ${sayOf(fault)}` };
  }
}

/** The error that the other side threw. Never throws, whatever came. */
export function decodeError(wire: unknown, owner?: object): Error {
  const parsed = parseError(wire);
  const error = make(parsed);
  if (parsed.stack !== undefined) error.stack = `${error.stack ?? error.message}\n${parsed.stack}`;
  const fields = textOf(fieldsOf(error));
  if (owner !== undefined && parsed.origin !== undefined && fields !== undefined) {
    origins.set(error, { owner, origin: parsed.origin, fields });
  }
  return error;
}

/** A part of a path as Synapse writes it. */
export function pathPart(part: string | number): string {
  return typeof part === 'number' ? `<item ${part}>` : part;
}

/** Which error of the other side an error is, and what it looked like. */
interface Origin {
  readonly owner: object;
  readonly origin: number;
  readonly fields: string;
}

const origins = new WeakMap<Error, Origin>();

/** The other side's number of an error that a module passes on as it came. */
function originOf(error: unknown, owner: object, wire: WireError): number | undefined {
  const found = error instanceof Error ? origins.get(error) : undefined;
  return found?.owner === owner && found.fields === textOf(wire) ? found.origin : undefined;
}

/** A module may have put anything there. */
function messageOf({ message }: { readonly message: unknown }): string {
  return typeof message === 'string' ? message : inspect(message);
}

/** The fields of an error, to compare; undefined when JSON cannot hold them. */
function textOf(fields: WireError): string | undefined {
  try {
    return JSON.stringify(fields);
  } catch {
    return undefined;
  }
}

function fieldsOf(error: unknown): WireError {
  if (!(error instanceof Error)) return { type: 'Error', message: String(error) };
  const causes = causesOf(error);
  const shared = {
    type: error instanceof HostError ? error.type : error.name,
    message: messageOf(error),
    ...(causes.length > 0 && { causes }),
  };
  if (error instanceof SynapseError) return { ...shared, ...answerOf(error) };
  if (error instanceof RedirectException) {
    return { ...shared, status: error.status, location: error.location, cookies: [...error.cookies] };
  }
  if (error instanceof HttpResponseException) {
    const message = error.message.replace(`${error.code}: `, '');
    return { ...shared, message, status: error.code, response: Buffer.from(error.response).toString('base64') };
  }
  if (error instanceof ConfigError) return { ...shared, path: error.path.map(pathPart) };
  return shared;
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
  const { type, message, causes = [] } = wire;
  const options = causes[0] === undefined ? {} : { cause: new HostError('Exception', causes.join(': ')) };
  try {
    return known(wire, options);
  } catch {
    // Its fields are none that an error of its class can have.
    return new HostError(type, message, options);
  }
}

function known(wire: WireError, options: ErrorOptions): Error {
  const { type, message, status } = wire;
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
  return credentialErrors.includes(type)
    ? new InvalidClientCredentialsError(message, errcode ?? 'M_UNKNOWN', fields)
    : new SynapseError(status, message, errcode, fields, headers, options);
}

/** Whatever the other side sent, this is an error of it. */
function parseError(wire: unknown): WireError {
  const given = isJsonObject(wire) ? wire : {};
  const text = (name: string): string | undefined => (typeof given[name] === 'string' ? given[name] : undefined);
  const number = (name: string): number | undefined => (typeof given[name] === 'number' ? given[name] : undefined);
  const texts = (name: string): readonly string[] | undefined =>
    Array.isArray(given[name]) ? given[name].filter((item) => typeof item === 'string') : undefined;
  const object = (name: string): JsonObject | undefined => (isJsonObject(given[name]) ? given[name] : undefined);
  const members = {
    status: number('status'),
    errcode: text('errcode'),
    additional_fields: object('additional_fields'),
    headers: object('headers') as WireError['headers'],
    location: text('location'),
    cookies: texts('cookies'),
    path: texts('path'),
    response: text('response'),
    causes: texts('causes'),
    stack: text('stack'),
    origin: number('origin'),
  };
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  return { type: text('type') ?? 'Exception', message: text('message') ?? '', ...Object.fromEntries(present) };
}
