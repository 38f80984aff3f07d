import { SynapseError } from '../../../errors/synapse-error.js';
import { checkEventAuth } from './event-auth.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomState } from '../model/room-state.js';
import type { RoomVersion } from '../model/room-version.js';

/** Whether the authorisation rules allow an event in a state. */
export function isAllowed(version: RoomVersion, event: RoomEvent, state: RoomState): boolean {
  try {
    checkEventAuth(version, event, state);
    return true;
  } catch (error) {
    if (error instanceof SynapseError) return false;
    throw error;
  }
}
