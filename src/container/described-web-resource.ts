import { didYouMean } from '../errors/nearest-name.js';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Class } from '../metadata/metadata-store.js';
import {
  readWebResources,
  type WebResourceDecoratorOptions,
  type WebResourceRecord,
} from '../metadata/web-resource-record.js';
import { isClasses } from './described-callback.js';
import { builtInMountOf, segmentsOfRegistration } from '../web/web-path.js';
import type { Fetchable, WebHandler, WebResourceLike, WebResourceOptions } from '../web/web-resource.js';

/** One path that a module serves, with the members that answer it. */
export interface DescribedWebResource {
  readonly path: string;
  readonly members: readonly WebResourceRecord[];
  readonly options: WebResourceOptions;
}

type Member = string | symbol;

/** The web resources of a class, one for each path; what is wrong with them goes to `mistakes`. */
export function describeWebResources(type: Class, mistakes: VesicleError[]): readonly DescribedWebResource[] {
  const byPath = new Map<string, WebResourceRecord[]>();
  for (const record of readWebResources(type)) {
    const mistake = checkRecord(type, record);
    if (mistake !== undefined) mistakes.push(mistake);
    else byPath.set(record.path, [...(byPath.get(record.path) ?? []), record]);
  }
  return [...byPath].map(([path, members]) => {
    const problem = members.length > 1 ? checkShared(type, members) : undefined;
    if (problem !== undefined)
      mistakes.push(new VesicleError('WEB_RESOURCE_INVALID', { where: `${type.name}: ${path}`, problem }));
    return { path, members, options: optionsOf(members) };
  });
}

/** The resource that the members of an instance make; `undefined` members and others without `fetch` are refused. */
export function webResourceOf(
  instance: object,
  described: DescribedWebResource,
  module: string,
  around: (resource: WebHandler | Fetchable, record: WebResourceRecord) => WebResourceLike,
): WebResourceLike {
  const resources = described.members.map((record) => around(memberOf(instance, record.member, module), record));
  const [only, second] = resources;
  if (only !== undefined && second === undefined) return only;
  return Object.fromEntries(
    described.members.map(({ options }, index) => [options.method, resources[index]]),
  ) as WebResourceLike;
}

function memberOf(instance: object, member: Member, module: string): WebHandler | Fetchable {
  const value: unknown = Reflect.get(instance, member);
  if (typeof value === 'function') return value.bind(instance) as WebHandler;
  if (typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function') {
    return value as Fetchable;
  }
  const problem = `it holds ${value === undefined ? 'nothing' : typeof value}, where something with fetch(request) is needed. Give it when the instance is made.`;
  throw new VesicleError('WEB_RESOURCE_INVALID', { where: `${module}.${String(member)}`, problem });
}

function checkRecord(type: Class, record: WebResourceRecord): VesicleError | undefined {
  const where = `${type.name}.${String(record.member)}`;
  if (record.isStatic) return new VesicleError('STATIC_MEMBER', { where, decorator: `@WebResource('${record.path}')` });
  const { path, options }: { path: unknown; options: WebResourceOptions } = record;
  if (typeof path !== 'string')
    return new VesicleError('WEB_RESOURCE_INVALID', { where, problem: 'the path must be a string' });
  const reserved = builtInMountOf(segmentsOfRegistration(path));
  if (reserved !== undefined) return new VesicleError('WEB_PATH_RESERVED', { where, path, reserved });
  const problems = Object.entries(options).flatMap(([option, value]) => problemOf(option, value) ?? []);
  return problems.length === 0
    ? undefined
    : new VesicleError('WEB_RESOURCE_INVALID', { where, problem: problems.join('; ') });
}

function problemOf(option: string, value: unknown): string | undefined {
  if (!Object.hasOwn(optionTests, option)) {
    return `there is no option "${option}".${didYouMean(option, Object.keys(optionTests))}`;
  }
  return value === undefined ? undefined : optionTests[option as keyof WebResourceDecoratorOptions](value);
}

const methods: readonly unknown[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];
const kinds: readonly unknown[] = ['json', 'html', 'plain'];

/** What is wrong with the value of an option, or undefined. */
const optionTests: Readonly<Record<keyof WebResourceDecoratorOptions, (value: unknown) => string | undefined>> = {
  method: (value) =>
    methods.includes(value) ? undefined : `there is no method "${String(value)}". Use GET, POST, PUT, DELETE or PATCH.`,
  subtree: (value) => (typeof value === 'boolean' ? undefined : 'subtree must be true or false'),
  interceptors: (value) => (isClasses(value) ? undefined : 'interceptors must be an array of classes'),
  kind: (value) => (kinds.includes(value) ? undefined : 'kind must be "json", "html" or "plain"'),
};

function checkShared(type: Class, members: readonly WebResourceRecord[]): string | undefined {
  const names = members.map(({ member }) => String(member)).join(' and ');
  const isMethod = ({ member }: WebResourceRecord): boolean =>
    typeof Object.getOwnPropertyDescriptor(ownerOf(type, member), member)?.value === 'function';
  const methods = members.map(({ options }) => options.method);
  if (!members.every(isMethod) || methods.includes(undefined) || new Set(methods).size < methods.length) {
    return `${names} answer the same requests. Let each be a method for another HTTP method: { method: 'GET' }.`;
  }
  const kinds = new Set(members.map(({ options }) => JSON.stringify([options.subtree, options.kind])));
  return kinds.size > 1 ? `${names} are one resource: give them the same subtree and kind.` : undefined;
}

/** The prototype that has the member; the class's own when none has. */
function ownerOf(type: Class, member: Member): object {
  let at: unknown = type.prototype;
  while (typeof at === 'object' && at !== null && !Object.hasOwn(at, member)) at = Object.getPrototypeOf(at);
  return (at ?? type.prototype) as object;
}

function optionsOf(members: readonly WebResourceRecord[]): WebResourceOptions {
  const { subtree, kind, method } = members[0]?.options ?? {};
  const isAlone = members.length === 1 && method !== undefined;
  return { ...(isAlone && { method }), ...(subtree !== undefined && { subtree }), ...(kind !== undefined && { kind }) };
}
