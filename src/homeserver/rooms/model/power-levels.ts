import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { UserId } from '../../../matrix/ids.js';
import type { RoomVersion } from './room-version.js';

/** An event as the authorisation rules look at it. */
export interface AuthEvent {
  readonly eventId: string;
  readonly type: string;
  readonly sender: UserId;
  readonly stateKey?: string;
  readonly content: JsonObject;
  readonly membership?: string;
}

/** The state that an event is judged by. */
export interface AuthState {
  readonly get: (type: string, stateKey: string) => AuthEvent | undefined;
}

/** The power of a creator from room version 12 on: above every number that an event can hold. */
const creatorPower = 2 ** 53;

/** Who has which power in a room, and which power what needs (`event_auth.py`). */
export class PowerLevels {
  private readonly users: JsonObject;
  private readonly events: JsonObject;

  constructor(
    private readonly version: RoomVersion,
    private readonly create: AuthEvent | undefined,
    /** The content of `m.room.power_levels`, or undefined when there is no such event. */
    readonly content: JsonObject | undefined,
  ) {
    this.users = objectIn(content, 'users');
    this.events = objectIn(content, 'events');
  }

  static of(version: RoomVersion, state: AuthState): PowerLevels {
    return new PowerLevels(version, state.get('m.room.create', ''), state.get('m.room.power_levels', '')?.content);
  }

  /** The power of a user. */
  ofUser(userId: string): number {
    if (this.version.hasCreatorPower && isCreator(this.version, this.create, userId)) return creatorPower;
    if (this.content === undefined) return this.creator === userId ? 100 : 0;
    const level = own(this.users, userId) ?? this.content['users_default'] ?? null;
    return level === null ? 0 : toLevel(level);
  }

  /** The power needed for `invite`, `kick`, `ban`, `redact`; `fallback` when nothing is said. */
  named(name: string, fallback: number): number {
    const level = this.content === undefined ? undefined : own(this.content, name);
    return level === undefined || level === null ? fallback : toLevel(level);
  }

  /** The power needed to send an event. */
  toSend(type: string, isState: boolean): number {
    const level = own(this.events, type);
    if (level !== undefined && level !== null) return toLevel(level);
    return isState ? this.named('state_default', 50) : this.named('events_default', 0);
  }

  private get creator(): JsonValue | undefined {
    return this.version.isUpdated ? this.create?.sender : this.create?.content['creator'];
  }
}

/** Whether a user made the room, alone or with others. */
function isCreator(version: RoomVersion, create: AuthEvent | undefined, userId: string): boolean {
  if (create?.sender === userId) return true;
  if (!version.hasCreatorPower) return false;
  const additional = create?.content['additional_creators'];
  return Array.isArray(additional) && additional.includes(userId);
}

/** A power level as a number: before room version 10 a text may hold it, as for Python's `int`. */
export function toLevel(value: JsonValue): number {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  throw new SynapseError(400, `Not a valid power level: ${JSON.stringify(value)}`, Codes.BAD_JSON);
}

/** A member of an object, never one of its prototype. */
export function own(from: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(from, key) ? from[key] : undefined;
}

function objectIn(content: JsonObject | undefined, key: string): JsonObject {
  const value = content?.[key];
  return isJsonObject(value) ? value : {};
}
