import type { EventId } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../../matrix/json.js';

/** What an event says of another (`events/__init__.py: relation_from_event`). */
export interface Relation {
  /** As the content says, whatever its form. */
  readonly parentId: EventId;
  /** `m.annotation`, `m.replace`, `m.thread`, `m.reference`, ... */
  readonly type: string;
  /** What annotates, of annotations that say so. */
  readonly key?: string;
}

/** The relation in an event's content, or undefined. */
export function relationOf(content: JsonObject): Relation | undefined {
  const relates = content['m.relates_to'];
  if (!isJsonObject(relates)) return undefined;
  const { rel_type: type, event_id: parentId, key } = relates;
  if (typeof type !== 'string' || typeof parentId !== 'string') return undefined;
  return { parentId: parentId as EventId, type, ...(type === 'm.annotation' && typeof key === 'string' && { key }) };
}
