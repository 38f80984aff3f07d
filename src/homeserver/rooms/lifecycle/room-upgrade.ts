import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { type EventId, isOnServer, type RoomId, type UserId } from '../../../matrix/ids.js';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import { compareText } from '../../parity/sort-order.js';
import type { RoomStore } from '../../store/room-store.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { checkEventAuth } from '../auth/event-auth.js';
import type { EventCreation } from '../sending/event-creation.js';
import type { EventSender } from '../sending/event-sender.js';
import { EventBatch } from '../sending/event-batch.js';
import { checkEventSize } from '../auth/event-validation.js';
import type { FirstEvents, InitialState } from './first-events.js';
import type { DirectoryReads } from '../reading/directory-reads.js';
import type { RoomCreation } from './room-creation.js';
import type { RoomEmitter } from '../model/room-emitter.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomVersion } from '../model/room-version.js';
import type { RoomGraph } from '../auth/room-graph.js';
import type { Room, Rooms } from '../model/rooms.js';
import { refuseSpam } from '../sending/spam-refusal.js';

/** What rooms are upgraded with. */
export interface RoomUpgradeParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly graph: RoomGraph;
  readonly roomStore: RoomStore;
  readonly limits: RateLimiters;
  readonly creation: EventCreation;
  readonly sender: EventSender;
  readonly roomCreation: RoomCreation;
  readonly directoryReads: DirectoryReads;
  readonly emitter: RoomEmitter;
}

const copiedTypes = [
  'm.room.join_rules',
  'm.room.name',
  'm.room.topic',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.server_acl',
  'm.room.power_levels',
];

/** One upgrade on its way. */
interface Upgrade {
  readonly requester: Requester;
  readonly old: Room;
  readonly version: RoomVersion;
  readonly newRoomId: RoomId;
  readonly isPublic: boolean;
  readonly tombstone: RoomEvent;
  readonly createEvent: RoomEvent | undefined;
  readonly creators: readonly string[] | undefined;
}

/** How long the answer to an upgrade is kept for those who ask again, in milliseconds. */
const keptFor = 300_000;

/** Puts a new room in the place of an old one (`handlers/room.py: upgrade_room`). */
export class RoomUpgrade {
  private readonly recent = new Map<RoomId, { readonly userId: UserId; readonly done: Promise<RoomId> }>();

  constructor(private readonly parts: RoomUpgradeParts) {}

  /** Upgrades a room; the ID of the new one. The same user asking again soon gets the same. */
  async upgrade(
    requester: Requester,
    roomId: RoomId,
    version: RoomVersion,
    creators?: readonly string[],
  ): Promise<RoomId> {
    const { limits, rooms, roomStore, roomCreation } = this.parts;
    await limits.roomCreation.check(requester, { update: false });
    await limits.request(requester);
    await limits.roomCreation.check(requester);
    const recent = this.recent.get(roomId);
    if (recent !== undefined && recent.userId !== requester.userId) {
      throw new SynapseError(400, 'An upgrade for this room is currently in progress');
    }
    const old = rooms.find(roomId);
    if (old === undefined) throw new NotFoundError(`Unknown room id ${roomId}`);
    const isPublic = roomStore.find(roomId)?.is_public === 1;
    const createEvent = version.hasCreatorPower
      ? await roomCreation.reserveByEvent(requester, version, creationContent(old, version, creators), isPublic)
      : undefined;
    const newRoomId = createEvent?.roomId ?? roomCreation.randomRoomId();
    const tombstone = await this.buildTombstone(requester, old, newRoomId);
    const upgrade = { requester, old, version, newRoomId, isPublic, tombstone, createEvent, creators };
    return this.recent.get(roomId)?.done ?? this.remember(upgrade);
  }

  private async remember(upgrade: Upgrade): Promise<RoomId> {
    const { roomId } = upgrade.old;
    const done = this.run(upgrade);
    this.recent.set(roomId, { userId: upgrade.requester.userId, done });
    const forget = (): void => {
      this.recent.delete(roomId);
    };
    try {
      const result = await done;
      this.parts.context.clock.after(keptFor, forget);
      return result;
    } catch (error) {
      forget();
      throw error;
    }
  }

  private async run(upgrade: Upgrade): Promise<RoomId> {
    const { requester, newRoomId, version, isPublic, createEvent } = upgrade;
    // From room version 12 on, the create event was there first, and the room was stored with it.
    if (createEvent === undefined) this.parts.rooms.create(newRoomId, version, requester.userId, isPublic);
    await this.cloneRoom(upgrade);
    await this.parts.sender.accept(upgrade.requester, [upgrade.tombstone]);
    await this.moveAliases(upgrade);
    await this.moveUsers(upgrade);
    await this.changePower(upgrade);
    return upgrade.newRoomId;
  }

  /** Built and checked before anything else is done, sent when the new room is there. */
  private async buildTombstone(requester: Requester, old: Room, newRoomId: RoomId): Promise<RoomEvent> {
    const content = { body: 'This room has been replaced', replacement_room: newRoomId };
    const event = await this.parts.creation.create(requester, {
      type: 'm.room.tombstone',
      roomId: old.roomId,
      sender: requester.userId,
      stateKey: '',
      content,
    });
    checkEventSize(event, this.parts.context.serverName);
    checkEventAuth(old.version, event, this.parts.graph.peekBefore(old, event));
    return event;
  }

  private async cloneRoom(upgrade: Upgrade): Promise<void> {
    const { requester, old, version, newRoomId, tombstone, createEvent, creators } = upgrade;
    const content = createEvent?.content ?? creationContent(old, version, creators, tombstone.eventId);
    const initialState = copiedState(upgrade, this.parts.directoryReads.hasReadRules(upgrade.old.roomId));
    const { dispatch } = this.parts.context;
    const outcome = await dispatch.ask('spam_checker', 'user_may_create_room', requester.userId, {
      creation_content: content,
      initial_state: initialState.map(({ type, stateKey, content: copied }) => ({
        type,
        state_key: stateKey,
        content: structuredClone(copied),
      })),
    });
    refuseSpam(outcome, 'You are not permitted to create rooms');
    const first: FirstEvents = {
      version,
      presetName: 'private_chat',
      creationContent: content,
      initialState,
      invited: [],
      ...(createEvent !== undefined && { createEvent }),
    };
    await this.parts.roomCreation.sendFirstEvents(requester, newRoomId, first);
    await this.copyBans(upgrade);
  }

  private async copyBans({ requester, old, newRoomId }: Upgrade): Promise<void> {
    const { rooms, creation, sender } = this.parts;
    const room = rooms.find(newRoomId);
    const last = room?.extremities.at(-1);
    if (room === undefined || last === undefined) return;
    const batch = new EventBatch(room.state, last);
    for (const userId of old.state.usersWith('ban')) {
      const content = old.state.get('m.room.member', userId)?.content ?? {};
      const request = {
        type: 'm.room.member',
        roomId: newRoomId,
        sender: requester.userId,
        stateKey: userId,
        content,
      };
      batch.add(await creation.create(requester, request, { batch }));
    }
    if (batch.events.length > 0) await sender.accept(requester, batch.events, { ratelimit: false });
  }

  /** The aliases of this server move; those of others stay behind in the old room's canonical alias. */
  private async moveAliases({ requester, old, newRoomId }: Upgrade): Promise<void> {
    const canonical = old.state.get('m.room.canonical_alias', '')?.content;
    this.parts.roomStore.moveAliases(old.roomId, newRoomId);
    if (canonical === undefined) return;
    const isOurs = (alias: JsonValue | undefined): boolean =>
      typeof alias === 'string' && isOnServer(alias, this.parts.context.serverName);
    const left: Record<string, JsonValue | undefined> = { ...canonical };
    const moved: Record<string, JsonValue | undefined> = {};
    if (isOurs(canonical['alias'])) {
      moved['alias'] = canonical['alias'];
      delete left['alias'];
    }
    const others = canonical['alt_aliases'];
    if (isJsonArray(others) && others.length > 0) {
      moved['alt_aliases'] = others.filter(isOurs);
      const staying = others.filter((alias) => !isOurs(alias));
      if (staying.length > 0) left['alt_aliases'] = staying;
      else delete left['alt_aliases'];
    }
    await this.sendQuietly(requester, old.roomId, 'm.room.canonical_alias', left);
    await this.sendQuietly(requester, newRoomId, 'm.room.canonical_alias', moved);
  }

  private async moveUsers({ old, newRoomId, isPublic }: Upgrade): Promise<void> {
    const { context, roomStore, emitter } = this.parts;
    const users = old.state.usersWith('join').filter((id) => isOnServer(id, context.serverName));
    await emitter.ask('replaced', old.roomId, newRoomId, users);
    if (!isPublic) return;
    roomStore.setPublic(old.roomId, false);
    roomStore.setPublic(newRoomId, true);
  }

  /** The old room falls silent; the new one gets the old one's power levels, without what the upgrade added. */
  private async changePower(upgrade: Upgrade): Promise<void> {
    const { requester, old, newRoomId, version, creators } = upgrade;
    const before = old.state.get('m.room.power_levels', '')?.content;
    if (before === undefined) return;
    const levels = copyLevels(before);
    const restricted = Math.max(numberIn(levels, 'users_default', 0) + 1, 50);
    const changes = ['invite', 'events_default'].filter((key) => numberIn(levels, key, 0) < restricted);
    if (changes.length > 0) {
      const raised = { ...levels, ...Object.fromEntries(changes.map((key) => [key, restricted])) };
      try {
        await this.send(requester, old.roomId, 'm.room.power_levels', raised);
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        this.parts.context.log.warn('Unable to update power levels in the old room', { roomId: old.roomId });
      }
    }
    const copied = version.hasCreatorPower ? withoutCreators(levels, requester.userId, creators) : levels;
    await this.send(requester, newRoomId, 'm.room.power_levels', copied);
  }

  private async sendQuietly(requester: Requester, roomId: RoomId, type: string, content: JsonObject): Promise<void> {
    try {
      await this.send(requester, roomId, type, content);
    } catch (error) {
      if (!(error instanceof SynapseError)) throw error;
      this.parts.context.log.error(`Failed to send ${type} during a room upgrade`, { roomId, err: error });
    }
  }

  private async send(requester: Requester, roomId: RoomId, type: string, content: JsonObject): Promise<void> {
    const request = { type, roomId, sender: requester.userId, stateKey: '', content };
    await this.parts.sender.send(requester, request, { ratelimit: false });
  }
}

function creationContent(
  old: Room,
  version: RoomVersion,
  creators: readonly string[] | undefined,
  tombstone?: EventId,
): JsonObject {
  const before = old.state.get('m.room.create', '')?.content ?? {};
  return {
    room_version: version.id,
    predecessor: { room_id: old.roomId, ...(tombstone !== undefined && { event_id: tombstone }) },
    ...(creators !== undefined && version.hasCreatorPower && { additional_creators: creators }),
    ...(before['m.federate'] === false && { 'm.federate': false }),
    ...(before['type'] !== undefined && before['type'] !== null && { type: before['type'] }),
  };
}

/** The state that the new room starts with, power enough for the upgrading user included. */
function copiedState({ old, requester, version, creators }: Upgrade, hasReadRules: boolean): InitialState[] {
  const types = hasReadRules
    ? [...new Set(['m.room.join_rules', 'm.room.history_visibility', ...copiedTypes])]
    : copiedTypes;
  const copied = types.flatMap((type) => {
    const event = old.state.get(type, '');
    return event === undefined ? [] : [{ type, stateKey: '', content: event.content }];
  });
  const isSpace = old.state.get('m.room.create', '')?.content['type'] === 'm.space';
  for (const [stateKey, { content }] of isSpace ? old.state.ofType('m.space.child') : []) {
    if (Object.keys(content).length > 0) copied.push({ type: 'm.space.child', stateKey, content });
  }
  // In spaces Synapse happens to copy in the order of its index.
  if (isSpace) copied.sort((x, y) => compareText(x.type, y.type) || compareText(x.stateKey, y.stateKey));
  const before = old.state.get('m.room.power_levels', '')?.content;
  if (before === undefined) throw new SynapseError(400, 'The room has no power levels', Codes.BAD_STATE);
  const levels = withPower(copyLevels(before), requester.userId);
  const content = version.hasCreatorPower ? withoutCreators(levels, requester.userId, creators) : levels;
  return copied.map((event) => (event.type === 'm.room.power_levels' ? { ...event, content } : event));
}

/** Power levels with a user who may send everything that is copied. */
function withPower(levels: JsonObject, userId: UserId): JsonObject {
  const events = isJsonObject(levels['events']) ? Object.values(levels['events']) : [];
  const needed = Math.max(
    numberIn(levels, 'state_default', 50),
    numberIn(levels, 'ban', 50),
    ...events.filter((level) => typeof level === 'number'),
  );
  const users = isJsonObject(levels['users']) ? levels['users'] : {};
  const current = numberIn(users, userId, numberIn(levels, 'users_default', 0));
  return { ...levels, users: current < needed ? { ...users, [userId]: needed } : users };
}

function withoutCreators(levels: JsonObject, creator: string, creators: readonly string[] = []): JsonObject {
  if (!isJsonObject(levels['users'])) return levels;
  const all = [creator, ...creators];
  const users = Object.entries(levels['users']).filter(([userId]) => !all.includes(userId));
  return { ...levels, users: Object.fromEntries(users) };
}

/** Power levels in which texts have become the numbers that they mean. */
function copyLevels(levels: JsonObject): JsonObject {
  const copy: Record<string, JsonValue | undefined> = {};
  for (const [key, value] of Object.entries(levels)) {
    copy[key] = isJsonObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, level]) => [name, copyLevel(name, level)]))
      : copyLevel(key, value);
  }
  return copy;
}

function copyLevel(key: string, value: JsonValue | undefined): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  throw new SynapseError(400, `Invalid power_levels value for ${key}`, Codes.BAD_STATE);
}

function numberIn(from: JsonObject, key: string, fallback: number): number {
  const value = Object.hasOwn(from, key) ? from[key] : undefined;
  return typeof value === 'number' ? value : fallback;
}
