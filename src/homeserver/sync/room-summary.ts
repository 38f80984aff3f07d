import type { UserId } from '../../matrix/ids.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { RoomState } from '../rooms/model/room-state.js';

/** What a client needs to name a room whose members it was not sent. */
export interface RoomSummary {
  readonly joined: number;
  readonly invited: number;
  /** Absent when the room has a name or an alias. */
  readonly heroes?: readonly RoomEvent[];
}

const MAX_HEROES = 5;

/** Sums up who is in a room (`handlers/sync.py: compute_summary`). */
export function summarize(state: RoomState, viewer: UserId): RoomSummary {
  const counts = { joined: state.countWith('join'), invited: state.countWith('invite') };
  if (hasText(state.get('m.room.name', ''), 'name')) return counts;
  if (hasText(state.get('m.room.canonical_alias', ''), 'alias')) return counts;
  const others = (...memberships: readonly string[]): RoomEvent[] =>
    memberships.flatMap((membership) => state.firstWith(membership)).filter((event) => event.stateKey !== viewer);
  const here = others('join', 'invite');
  const heroes = here.length > 0 ? here : others('leave', 'ban');
  return { ...counts, heroes: heroes.slice(0, MAX_HEROES) };
}

function hasText(event: RoomEvent | undefined, name: string): boolean {
  const value = event?.content[name];
  return typeof value === 'string' && value !== '';
}
