import type { When } from '../../src/callbacks/when.js';
import type { MatrixEvent } from '../../src/matrix/event.js';
import type { RoomId, UserId } from '../../src/matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../src/matrix/json.js';
import { projectText } from './project.js';

/** The members of an event that a filter can see. */
export interface WhenEvent {
  readonly type: string;
  readonly state_key?: string;
  readonly sender: string;
  readonly room_id: string;
  readonly content: JsonObject;
}

/** Filters and what they take: the same for the dispatcher and for the bridge. */
export interface WhenTable {
  /** What an event has that a row does not speak of. */
  readonly event: WhenEvent;
  readonly events: readonly { readonly when: When; readonly event: Partial<WhenEvent>; readonly passes: boolean }[];
  readonly arguments: readonly {
    readonly callback: string;
    readonly when: When;
    /** A requester is `{"requester": user ID}`. */
    readonly args: readonly unknown[];
    readonly passes: boolean;
  }[];
}

/** The table of `test/fixtures/when.json`. */
export const whenTable = JSON.parse(projectText('test/fixtures/when.json')) as WhenTable;

/** An event of the table as modules get it. */
export function eventOf(event: WhenEvent): Partial<MatrixEvent> {
  const { type, state_key: stateKey, sender, room_id: roomId, content } = event;
  const known = { type, sender: sender as UserId, roomId: roomId as RoomId, content };
  return stateKey === undefined ? known : { ...known, stateKey };
}

/** An argument of the table as modules get it. */
export function argumentOf(value: unknown): unknown {
  return isJsonObject(value) && typeof value['requester'] === 'string' ? { userId: value['requester'] } : value;
}
