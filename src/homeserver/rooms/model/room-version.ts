/** The shape of events: `rooms/v1`, `v3`, `v4` and `v12` of the specification. */
type EventFormat = 1 | 2 | 3 | 4;

/** What sets one room version apart from another (`api/room_versions.py`). */
export interface RoomVersion {
  readonly id: string;
  readonly eventFormat: EventFormat;
  /** States in conflict are resolved by the power of senders, not by the depth of events. */
  readonly resolvesByPower: boolean;
  /** `m.room.aliases` needs no power, only the right server. */
  readonly hasAliasesRule: boolean;
  /** Events hold integers between -2^53 and 2^53 only. */
  readonly isStrictJson: boolean;
  /** Power for notifications is guarded as other power is. */
  readonly guardsNotifications: boolean;
  readonly allowsKnock: boolean;
  readonly allowsRestricted: boolean;
  /** Redaction keeps who authorised a restricted join. */
  readonly keepsAuthorisingUser: boolean;
  readonly allowsKnockRestricted: boolean;
  /** Power levels are integers, not texts. */
  readonly needsIntegerPower: boolean;
  /** The sender of the create event is the creator; redactions name their target in `content`. */
  readonly isUpdated: boolean;
  /** Creators have power without limit, and the room ID is the hash of the create event. */
  readonly hasCreatorPower: boolean;
}

const version = (number: number, eventFormat: EventFormat): RoomVersion => ({
  id: String(number),
  eventFormat,
  resolvesByPower: number >= 2,
  hasAliasesRule: number < 6,
  isStrictJson: number >= 6,
  guardsNotifications: number >= 6,
  allowsKnock: number >= 7,
  allowsRestricted: number >= 8,
  keepsAuthorisingUser: number >= 9,
  allowsKnockRestricted: number >= 10,
  needsIntegerPower: number >= 10,
  isUpdated: number >= 11,
  hasCreatorPower: number >= 12,
});

const formats: readonly EventFormat[] = [1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4];
const versions: ReadonlyMap<string, RoomVersion> = new Map(
  formats.map((format, index) => [String(index + 1), version(index + 1, format)]),
);

/** A room version by its name, or undefined when it is unknown here. */
export function findRoomVersion(id: unknown): RoomVersion | undefined {
  return typeof id === 'string' ? versions.get(id) : undefined;
}

/** The names of all room versions, oldest first. */
export function roomVersionNames(): readonly string[] {
  return [...versions.keys()];
}
