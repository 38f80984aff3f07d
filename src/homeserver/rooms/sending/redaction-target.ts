import { HostError } from '../../../errors/host-error.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { RoomEvent } from '../model/room-event.js';
import type { EventRequest } from './event-creation.js';

/** What Synapse makes of a redaction of nothing: it takes a target for granted, and looks for whatever is in its place. */
export function noTarget(event: EventRequest | RoomEvent): HostError {
  const redacts = event instanceof RoomEvent && event.version.isUpdated ? event.content['redacts'] : undefined;
  if (redacts === undefined || redacts === null) return new HostError('AssertionError', '');
  return new HostError('TypeError', `Invalid event event_id ${pythonRepr(redacts)}`);
}

/** What an event redacts, wherever its room version puts it. */
export function redactsOf(event: EventRequest | RoomEvent): string | undefined {
  const redacts = event.redacts ?? event.content['redacts'];
  return typeof redacts === 'string' ? redacts : undefined;
}
