import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomAlias, RoomId, UserId } from '../../../matrix/ids.js';
import { itemsOf, type JsonObject, type MutableJsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { randomLetters } from '../../runtime/random-letters.js';
import type { Directory } from '../reading/directory.js';
import { EventBatch } from '../sending/event-batch.js';
import type { EventCreation } from '../sending/event-creation.js';
import type { EventSender } from '../sending/event-sender.js';
import { type FirstEvents, stateAfterJoin } from './first-events.js';
import type { Memberships } from '../sending/memberships.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomGraph } from '../auth/room-graph.js';
import { presetOf } from './room-presets.js';
import { checkRoomRate, checkWishes, type RequestCheckParts } from './room-request-checks.js';
import { RoomState, StateHandle } from '../model/room-state.js';
import type { RoomUsers } from '../model/room-users.js';
import type { RoomVersion } from '../model/room-version.js';
import { readRoomWishes, type RoomWishes } from './room-wishes.js';
import type { Rooms } from '../model/rooms.js';
import { refuseSpam } from '../sending/spam-refusal.js';
import type { ThirdPartyInvites } from '../sending/third-party-invites.js';

/** What rooms are made with. */
export interface RoomCreationParts extends RequestCheckParts {
  readonly rooms: Rooms;
  readonly graph: RoomGraph;
  readonly users: RoomUsers;
  readonly creation: EventCreation;
  readonly sender: EventSender;
  readonly memberships: Memberships;
  readonly directory: Directory;
  readonly thirdPartyInvites: ThirdPartyInvites;
}

/** How a room is made differently. */
export interface CreateRoomOptions {
  /** False: rate limits do not apply. */
  readonly ratelimit?: boolean;
  /** Members of the creator's join event, `displayname` for one. */
  readonly creatorJoinProfile?: JsonObject;
  /** No encryption that was not asked for. */
  readonly ignoreForcedEncryption?: boolean;
}

/** A new room. */
export interface CreatedRoom {
  readonly roomId: RoomId;
  readonly alias: RoomAlias | undefined;
}

const maxAttempts = 5;

/** Makes rooms (`handlers/room.py: RoomCreationHandler`). */
export class RoomCreation {
  private takenTime = 0;

  constructor(private readonly parts: RoomCreationParts) {}

  /** Makes a room as `/createRoom` does. `body` is live: modules may change it. */
  async create(requester: Requester, body: MutableJsonObject, options: CreateRoomOptions = {}): Promise<CreatedRoom> {
    const { context, users } = this.parts;
    const { dispatch, config, serverName } = context;
    const { userId } = requester;
    if (options.ratelimit !== false) await checkRoomRate(this.parts, requester);
    const isAdmin = users.isAdmin(userId) || this.isNoticesUser(userId);
    await dispatch.ask('third_party_rules', 'on_create_room', requester, body, isAdmin);
    const wishes = await checkWishes(
      this.parts,
      requester,
      readRoomWishes(body as JsonObject, serverName, config.defaultRoomVersion),
    );
    if (!isAdmin && dispatch.isAsked('spam_checker', 'user_may_create_room')) {
      const copy = structuredClone(body) as JsonObject;
      const outcome = await dispatch.ask('spam_checker', 'user_may_create_room', userId, copy);
      refuseSpam(outcome, 'You are not permitted to create rooms');
    }
    const { roomId, first } = await this.reserve(requester, wishes);
    await this.checkVisibility(requester, roomId, wishes);
    if (wishes.alias !== undefined) {
      await this.parts.directory.createAlias(requester, wishes.alias, roomId, {
        servers: [serverName],
        isNewRoom: true,
      });
    }
    const { creatorJoinProfile: joinProfile, ignoreForcedEncryption } = options;
    const last = await this.sendFirstEvents(requester, roomId, {
      ...first,
      ...(joinProfile !== undefined && { joinProfile }),
      ...(ignoreForcedEncryption !== undefined && { ignoreForcedEncryption }),
    });
    await this.invite(requester, roomId, wishes, last);
    return { roomId, alias: wishes.alias };
  }

  /** Builds and stores the create event's room: from version 12 on the event comes first and names the room. */
  async reserveByEvent(
    requester: Requester,
    version: RoomVersion,
    content: JsonObject,
    isPublic: boolean,
  ): Promise<RoomEvent> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const sentAt = attempt === 0 ? undefined : this.nextFreeTime();
      const event = await this.parts.creation.createCreateEvent(requester, version, content, sentAt);
      if (this.parts.rooms.create(event.roomId, version, requester.userId, isPublic)) return event;
    }
    throw new SynapseError(500, "Couldn't generate a unique room ID.");
  }

  /** A time at which no create event was made: a clock that stands still would give one ID to all rooms of a user. */
  private nextFreeTime(): number {
    this.takenTime = Math.max(this.takenTime, this.parts.context.clock.now()) + 1;
    return this.takenTime;
  }

  /** Stores a room with a random ID, as versions before 12 have. */
  reserveRandom(requester: Requester, version: RoomVersion, isPublic: boolean): RoomId {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const roomId = this.randomRoomId();
      if (this.parts.rooms.create(roomId, version, requester.userId, isPublic)) return roomId;
    }
    throw new SynapseError(500, "Couldn't generate a room ID.");
  }

  /** An ID for a room of a version before 12. */
  randomRoomId(): RoomId {
    return `!${randomLetters(18)}:${this.parts.context.serverName}` as RoomId;
  }

  /**
   * Sends the events that begin a room: create and join at once, the others as one batch (`_send_events_for_new_room`). Each
   * follows the one before it, whatever modules send into the room meanwhile. The last of them.
   */
  async sendFirstEvents(requester: Requester, roomId: RoomId, first: FirstEvents): Promise<RoomEvent> {
    const { context, creation, sender, memberships, rooms, graph } = this.parts;
    const { userId } = requester;
    const preset = presetOf(first.presetName);
    const createContent = first.version.isUpdated
      ? first.creationContent
      : { ...first.creationContent, creator: userId };
    const request = { type: 'm.room.create', roomId, sender: userId, stateKey: '', content: createContent };
    const createEvent = first.createEvent ?? (await creation.create(requester, request));
    const quietly = { ratelimit: false, ignoreShadowBan: true };
    const created = await sender.accept(requester, [createEvent], quietly);
    const profile = first.joinProfile ?? {};
    const join = await memberships.updateInNewRoom(requester, userId, roomId, 'join', profile, [created]);
    const room = rooms.find(roomId);
    const state = room === undefined ? new RoomState(first.version) : graph.stateAt(room, [join]);
    const batch = new EventBatch(state.snapshot(), join);
    for (const { type, stateKey, content } of stateAfterJoin(context.config, userId, first, preset)) {
      batch.add(await creation.create(requester, { type, roomId, sender: userId, stateKey, content }, { batch }));
    }
    return sender.accept(requester, batch.events, quietly);
  }

  /** Takes a room ID; everything later may still fail, and leaves the room as it is then, as in Synapse. */
  private async reserve(
    requester: Requester,
    wishes: RoomWishes,
  ): Promise<{ readonly roomId: RoomId; readonly first: FirstEvents }> {
    const { version, presetName, invited } = wishes;
    const isPublic = wishes.visibility === 'public';
    let creationContent: JsonObject = { ...wishes.creationContent, room_version: version.id };
    if (version.hasCreatorPower && presetName === 'trusted_private_chat' && invited.length > 0) {
      const given = creationContent['additional_creators'];
      const creators = new Set([...itemsOf(given), ...invited]);
      creationContent = { ...creationContent, additional_creators: [...creators] };
    }
    const first = { ...wishes, creationContent };
    if (!version.hasCreatorPower) return { roomId: this.reserveRandom(requester, version, isPublic), first };
    const createEvent = await this.reserveByEvent(requester, version, creationContent, isPublic);
    return { roomId: createEvent.roomId, first: { ...first, createEvent } };
  }

  private async checkVisibility(requester: Requester, roomId: RoomId, wishes: RoomWishes): Promise<void> {
    const { context, directory, roomStore } = this.parts;
    const state = new StateHandle(new RoomState(wishes.version));
    const visibility = wishes.visibility as 'public' | 'private';
    const isAllowed = await context.dispatch.ask(
      'third_party_rules',
      'check_visibility_can_be_modified',
      roomId,
      state,
      visibility,
    );
    if (!isAllowed) throw new SynapseError(403, 'Room visibility value not allowed.');
    const aliases = wishes.alias === undefined ? [] : [wishes.alias];
    if (visibility === 'public' && !directory.isPublishingAllowed(requester.userId, roomId, aliases)) {
      roomStore.setPublic(roomId, false);
    }
  }

  private async invite(requester: Requester, roomId: RoomId, wishes: RoomWishes, first: RoomEvent): Promise<void> {
    const isDirect = wishes.isDirect;
    const content: JsonObject =
      isDirect === undefined || isDirect === null || isDirect === false ? {} : { is_direct: isDirect };
    const { memberships, thirdPartyInvites } = this.parts;
    let last = first;
    for (const userId of wishes.invited) {
      last = await memberships.updateInNewRoom(requester, userId, roomId, 'invite', content, [last]);
    }
    for (const invite of wishes.invitedAddresses) {
      last = await thirdPartyInvites.invite(requester, roomId, invite, { after: [last] });
    }
  }

  private isNoticesUser(userId: UserId): boolean {
    const { config, serverName } = this.parts.context;
    const localpart = config.serverNotices?.systemMxidLocalpart;
    return localpart !== undefined && userId === `@${localpart}:${serverName}`;
  }
}
