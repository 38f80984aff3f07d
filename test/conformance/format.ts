import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { caseProblems } from './case-check.js';

/** Anything that JSON can hold, before it is looked at. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A JSON object. */
export interface JsonRecord {
  [key: string]: Json;
}

/** One entry of a case's `modules`. */
export interface PuppetSpec {
  readonly name?: string;
  readonly callbacks?: Readonly<Record<string, Readonly<Record<string, CallbackSpec>>>>;
  readonly web_resources?: readonly ResourceSpec[];
  readonly config?: Json;
  readonly parse_config?: { readonly merge?: JsonRecord; readonly return?: Json; readonly raise?: RaiseSpec };
  readonly constructor?: { readonly raise?: RaiseSpec };
  /** Replaces the class named in the configuration. */
  readonly module?: Json;
  /** Replaces the whole entry of the configuration. */
  readonly entry?: Json;
}

/** How a callback behaves: rules, rules with an arity, or (for `auth_checkers`) a list of checkers. */
export type CallbackSpec =
  | readonly RuleSpec[]
  | { readonly arity?: number; readonly behaviour: readonly RuleSpec[] }
  | readonly AuthCheckerSpec[];

export interface AuthCheckerSpec {
  readonly login_type: string;
  readonly fields: readonly string[];
  readonly behaviour: readonly RuleSpec[];
}

export interface RuleSpec {
  readonly when?: Readonly<Record<string, Json>>;
  readonly mutate?: readonly (readonly [argument: number, path: string, value: Json])[];
  readonly delay_ms?: number;
  readonly api?: readonly (readonly [method: string, ...args: Json[]])[];
  readonly never?: boolean;
  readonly raise?: RaiseSpec;
  readonly return?: Json;
}

export interface RaiseSpec {
  readonly type?: string;
  readonly message?: string;
  readonly status?: number;
  readonly errcode?: string;
  readonly additional_fields?: JsonRecord;
  readonly headers?: Readonly<Record<string, string>>;
  readonly location?: string;
  readonly path?: readonly (string | number)[];
}

export interface ResourceSpec {
  readonly path: string;
  readonly kind?: 'json' | 'html' | 'raw';
  readonly leaf?: boolean;
  readonly methods?: Readonly<Record<string, HandlerSpec>>;
  readonly children?: Readonly<Record<string, ResourceSpec>>;
}

export interface HandlerSpec {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: Json;
  readonly text?: string;
  readonly base64?: string;
  readonly echo?: boolean;
  readonly raise?: RaiseSpec;
  readonly auth?: JsonRecord;
  readonly parse_json?: Json;
  readonly sso?: { readonly user_id: string; readonly redirect: string; readonly kwargs?: JsonRecord };
  readonly delay_ms?: number;
}

/** A body that is no JSON. */
export interface RawBody {
  readonly text?: string;
  readonly base64?: string;
  readonly size?: number;
  readonly content_type?: string;
}

export interface Step {
  readonly as?: string | null;
  readonly request?: readonly [method: string, path: string, body?: Json];
  readonly headers?: Readonly<Record<string, string>>;
  readonly raw?: RawBody;
  readonly timeout_ms?: number;
  readonly retry_ms?: number;
  readonly save?: Readonly<Record<string, string>>;
  readonly expect?: JsonRecord;
  readonly module?: string;
  readonly api?: readonly [method: string, ...args: Json[]];
  readonly kwargs?: JsonRecord;
  readonly federation_invite?: { readonly sender: string; readonly target: string; readonly room_id: string };
  readonly wait_ms?: number;
}

export interface ExpectedCall {
  readonly step?: number;
  readonly module: string;
  readonly callback: string;
  readonly args: JsonRecord;
}

/** One conformance case: see README.md beside this file. */
export interface Case {
  readonly id: string;
  readonly title?: string;
  readonly server?: JsonRecord;
  readonly actors?: readonly string[];
  readonly modules?: readonly PuppetSpec[];
  readonly startup?: {
    readonly fails?: boolean;
    readonly message_contains?: readonly string[];
    readonly log?: readonly string[];
  };
  readonly setup?: readonly Step[];
  readonly steps?: readonly Step[];
  readonly calls?: readonly ExpectedCall[];
  readonly calls_match?: 'exact' | 'distinct' | 'ignore';
  readonly calls_of?: readonly string[];
  readonly settle_ms?: number;
  readonly setup_wait_ms?: number;
}

/** The cases of a file, or of all `*.json` of a folder in the order of their names. Throws when one of them shows nothing. */
export function readCases(path: string): Case[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const cases = files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')) as Case[]);
  const problems = cases.flatMap(caseProblems);
  if (problems.length > 0) throw new Error(`Cases that would pass whatever happens:\n${problems.join('\n')}`);
  return cases;
}

/** A text as it is, anything else as JSON. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
