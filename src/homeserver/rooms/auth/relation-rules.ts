import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { RelationStore } from '../../store/relation-store.js';
import { relationOf } from '../model/relation.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';

/** Refuses relations that make no sense (`handlers/message.py: _validate_event_relation`): 400. */
export function checkRelation(event: RoomEvent, events: RoomEvents, relations: RelationStore): void {
  const relation = relationOf(event.content);
  if (relation === undefined) return;
  const parent = events.findShown(relation.parentId);
  if (parent !== undefined) {
    if (parent.roomId !== event.roomId) throw new SynapseError(400, 'Relations must be in the same room');
  } else if (!relations.isParent(relation.parentId)) {
    throw new SynapseError(400, "Can't send relation to unknown event");
  }
  if (relation.type === 'm.annotation') {
    if (relation.key === undefined) throw new SynapseError(400, 'Missing aggregation key');
    if (relation.key.length > 500) throw new SynapseError(400, 'Aggregation key is too long');
    if (relations.hasAnnotated(relation.parentId, event.type, relation.key, event.sender)) {
      throw new SynapseError(400, "Can't send same reaction twice", Codes.DUPLICATE_ANNOTATION);
    }
  } else if (relation.type === 'm.thread' && relations.isChild(relation.parentId)) {
    throw new SynapseError(400, 'Cannot start threads from an event with a relation');
  }
}
