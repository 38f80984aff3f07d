import type { WebResourceOptions } from '../web/web-resource.js';
import type { Interceptor } from '../callbacks/interceptor.js';
import { type Class, MetadataRows } from './metadata-store.js';

/**
 * Options of `@WebResource`.
 *
 * @example
 * ```ts
 * import { type WebResourceDecoratorOptions } from 'vesicle';
 * const options: WebResourceDecoratorOptions = { method: 'GET', subtree: true };
 * ```
 */
export interface WebResourceDecoratorOptions extends WebResourceOptions {
  /** Run around this member, the first outermost; those of the module run around them. */
  readonly interceptors?: readonly Class<Interceptor>[];
}

/** One `@WebResource`: nothing of it is checked yet. */
export interface WebResourceRecord {
  readonly path: string;
  readonly member: string | symbol;
  readonly isStatic: boolean;
  readonly options: WebResourceDecoratorOptions;
}

const rows = new MetadataRows<WebResourceRecord>('web_resource');

/** Records that a member answers HTTP requests. */
export function recordWebResource(type: object, record: WebResourceRecord): void {
  rows.add(type, record);
}

/** The web resources of a class, base classes first; a member decorated again replaces the record of its base class. */
export function readWebResources(type: object): readonly WebResourceRecord[] {
  const all = rows.all(type);
  if (all.length < 2) return all;
  const own = rows.own(type);
  return all.filter((record) => own.includes(record) || !own.some((newer) => newer.member === record.member));
}
