import type { WebResourceOptions } from '../web/web-resource.js';
import { MetadataRows } from './metadata-store.js';

/** One `@WebResource`: nothing of it is checked yet. */
export interface WebResourceRecord {
  readonly path: string;
  readonly member: string | symbol;
  readonly isStatic: boolean;
  readonly options: WebResourceOptions;
}

const rows = new MetadataRows<WebResourceRecord>('web_resource');

/** Records that a member answers HTTP requests. */
export function recordWebResource(type: object, record: WebResourceRecord): void {
  rows.add(type, record);
}

/** The web resources of a class, base classes first; a member decorated again replaces the record of its base class. */
export function readWebResources(type: object): readonly WebResourceRecord[] {
  const own = rows.own(type);
  return rows
    .all(type)
    .filter((record) => own.includes(record) || !own.some((newer) => newer.member === record.member));
}
