import type { UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import { DelayedEventStore } from '../store/delayed-event-store.js';
import { EventStore } from '../store/event-store.js';
import { PastStateStore } from '../store/past-state-store.js';
import { RelationStore } from '../store/relation-store.js';
import { RoomStore } from '../store/room-store.js';
import { SearchStore } from '../store/search/search-store.js';
import { StateStore } from '../store/state-store.js';
import { AfarMemberships } from '../rooms/sending/afar-memberships.js';
import { AutoJoin } from '../rooms/lifecycle/auto-join.js';
import { RelationBundler } from '../rooms/timeline/bundled-relations.js';
import { ClientEvents } from '../rooms/timeline/client-events.js';
import { DelayedEvents } from '../rooms/sending/delayed-events.js';
import { DirectoryReads } from '../rooms/reading/directory-reads.js';
import { Directory } from '../rooms/reading/directory.js';
import { EventBuilder } from '../rooms/model/event-builder.js';
import { EventCreation } from '../rooms/sending/event-creation.js';
import { sha256, signedTextOf } from '../rooms/model/event-hash.js';
import { EventPersistence } from '../rooms/sending/event-persistence.js';
import { EventSender } from '../rooms/sending/event-sender.js';
import { GuestRemoval } from '../rooms/sending/guest-removal.js';
import { HistoryPurge } from '../rooms/lifecycle/history-purge.js';
import { IdentityServers } from '../rooms/sending/identity-server.js';
import { Memberships } from '../rooms/sending/memberships.js';
import { MessageSearch } from '../rooms/timeline/message-search.js';
import { PastStates } from '../rooms/model/past-states.js';
import { propagateProfile } from '../rooms/lifecycle/profile-propagation.js';
import { PublicRooms } from '../rooms/reading/public-rooms.js';
import { RelatedEvents } from '../rooms/timeline/related-events.js';
import type { RemoteRooms } from '../rooms/model/remote-rooms.js';
import { RestrictedJoins } from '../rooms/auth/restricted-joins.js';
import { RoomAccess } from '../rooms/auth/room-access.js';
import { RoomCreation } from '../rooms/lifecycle/room-creation.js';
import { keepStrippedState } from '../rooms/model/stripped-state.js';
import { RoomEmitter } from '../rooms/model/room-emitter.js';
import { RoomEvents } from '../rooms/model/room-events.js';
import { RoomHierarchy } from '../rooms/reading/room-hierarchy.js';
import { RoomHistory } from '../rooms/timeline/room-history.js';
import { RoomPowerGrant } from '../rooms/lifecycle/room-power-grant.js';
import { RoomShutdown } from '../rooms/lifecycle/room-shutdown.js';
import { RoomSummaries } from '../rooms/reading/room-summary.js';
import { RoomUpgrade } from '../rooms/lifecycle/room-upgrade.js';
import type { RoomUsers } from '../rooms/model/room-users.js';
import { RoomGraph } from '../rooms/auth/room-graph.js';
import { Rooms } from '../rooms/model/rooms.js';
import { SigningKey } from '../rooms/model/signing-key.js';
import { ThirdPartyExchange } from '../rooms/sending/third-party-exchange.js';
import { ThirdPartyInvites } from '../rooms/sending/third-party-invites.js';
import { UserRedactions } from '../rooms/sending/user-redactions.js';
import { Visibility } from '../rooms/timeline/visibility.js';

/** What other parts of the homeserver do when something happens to rooms. */
export interface RoomHooks {
  /** Rooms of other servers. */
  readonly remote?: () => RemoteRooms;
  /** How many devices these users have. */
  readonly countDevices?: (users: readonly UserId[]) => number;
}

/** Everything that has to do with rooms, made once. */
export class RoomServices implements Disposable {
  /** What happens in rooms, for parts that rooms do not know. */
  readonly emitter = new RoomEmitter();
  readonly roomStore: RoomStore;
  readonly eventStore: EventStore;
  readonly states: StateStore;
  readonly relations: RelationStore;
  readonly signingKey: SigningKey;
  readonly builder: EventBuilder;
  readonly events: RoomEvents;
  readonly rooms: Rooms;
  readonly graph: RoomGraph;
  readonly pastStates: PastStates;
  readonly access: RoomAccess;
  readonly creation: EventCreation;
  readonly persistence: EventPersistence;
  readonly sender: EventSender;
  readonly memberships: Memberships;
  readonly guestRemoval: GuestRemoval;
  readonly restrictedJoins: RestrictedJoins;
  readonly delayedEvents: DelayedEvents;
  readonly directory: Directory;
  readonly thirdPartyInvites: ThirdPartyInvites;
  readonly roomCreation: RoomCreation;
  readonly autoJoin: AutoJoin;
  readonly roomUpgrade: RoomUpgrade;
  readonly shutdown: RoomShutdown;
  readonly historyPurge: HistoryPurge;
  readonly userRedactions: UserRedactions;
  readonly powerGrant: RoomPowerGrant;
  readonly summaries: RoomSummaries;
  readonly publicRooms: PublicRooms;
  readonly hierarchy: RoomHierarchy;
  readonly bundler: RelationBundler;
  readonly clientEvents: ClientEvents;
  readonly visibility: Visibility;
  readonly history: RoomHistory;
  readonly search: MessageSearch;
  readonly relatedEvents: RelatedEvents;

  constructor(
    readonly context: HomeserverContext,
    readonly users: RoomUsers,
    readonly limits: RateLimiters,
    private readonly hooks: RoomHooks = {},
  ) {
    const { database, serverName, clock } = context;
    const { emitter } = this;
    this.roomStore = new RoomStore(database);
    this.eventStore = new EventStore(database);
    this.states = new StateStore(database);
    this.relations = new RelationStore(database);
    this.signingKey = openSigningKey(this.roomStore);
    this.builder = new EventBuilder(serverName, this.signingKey, clock.now, (eventId) => {
      const event = this.events.find(eventId);
      if (event === undefined) throw new Error(`There is no event ${eventId}`);
      return sha256(signedTextOf(event.version, event.signedPdu()), 'base64');
    });
    this.events = new RoomEvents(this.eventStore, this.states, this.roomStore, this.builder.sign);
    this.rooms = new Rooms(this.roomStore, this.events, this.eventStore);
    const pastStates = new PastStateStore(database);
    this.graph = new RoomGraph(this.events, pastStates);
    this.pastStates = new PastStates(this.rooms, this.events, pastStates);
    this.access = new RoomAccess(this.rooms, this.states);
    const { roomStore, eventStore, states, relations, events, rooms, builder, access, graph } = this;
    this.creation = new EventCreation({ context, rooms, events, relations, users, builder, graph });
    this.persistence = new EventPersistence(context, rooms, events, { events: eventStore, states, relations }, emitter);
    const { creation, persistence } = this;
    this.sender = new EventSender({
      context,
      rooms,
      events,
      store: eventStore,
      creation,
      persistence,
      limits,
      graph,
      emitter,
    });
    const { sender } = this;
    this.restrictedJoins = new RestrictedJoins(serverName, states);
    const { restrictedJoins } = this;
    const identityServers = new IdentityServers(context.fetch);
    const exchange = new ThirdPartyExchange(serverName, { rooms, graph, creation, sender, identityServers });
    const afar = new AfarMemberships(serverName, states, events, () => this.remote);
    this.memberships = new Memberships({
      context,
      rooms,
      graph,
      roomStore,
      states,
      users,
      creation,
      sender,
      limits,
      restrictedJoins,
      exchange,
      afar,
    });
    const { memberships } = this;
    keepStrippedState(context.config.roomPrejoinState, emitter);
    this.guestRemoval = new GuestRemoval(context, memberships, emitter);
    this.delayedEvents = new DelayedEvents({
      context,
      store: new DelayedEventStore(database),
      rooms,
      users,
      limits,
      sender,
      memberships,
      emitter,
    });
    this.directory = new Directory({
      context,
      rooms,
      roomStore,
      states,
      users,
      sender,
      access,
      remote: () => this.remote,
      emitter,
    });
    this.thirdPartyInvites = new ThirdPartyInvites({
      context,
      rooms,
      users,
      limits,
      sender,
      memberships,
      identityServers,
    });
    const { directory, thirdPartyInvites } = this;
    this.roomCreation = new RoomCreation({
      context,
      rooms,
      graph,
      roomStore,
      users,
      limits,
      creation,
      sender,
      memberships,
      directory,
      thirdPartyInvites,
    });
    const { roomCreation } = this;
    this.autoJoin = new AutoJoin({ context, rooms, directory, memberships, roomCreation });
    const directoryReads = new DirectoryReads(events, emitter);
    this.roomUpgrade = new RoomUpgrade({
      context,
      rooms,
      graph,
      roomStore,
      limits,
      creation,
      sender,
      roomCreation,
      directoryReads,
      emitter,
    });
    this.shutdown = new RoomShutdown({ context, rooms, roomStore, states, sender, memberships, roomCreation, emitter });
    this.powerGrant = new RoomPowerGrant(serverName, rooms, sender, memberships);
    this.summaries = new RoomSummaries(rooms, roomStore, context);
    this.publicRooms = new PublicRooms(context, this.summaries);
    const { summaries } = this;
    this.hierarchy = new RoomHierarchy({ context, rooms, states, summaries, restrictedJoins });
    this.bundler = new RelationBundler(relations, events);
    this.clientEvents = new ClientEvents(context, events);
    this.visibility = new Visibility(rooms, events, states, users);
    const { visibility, bundler } = this;
    this.history = new RoomHistory({
      rooms,
      events,
      pastStates: this.pastStates,
      eventStore,
      states,
      relations,
      users,
      access,
      visibility,
      bundler,
    });
    const search = new SearchStore(database);
    this.search = new MessageSearch({ search, states, relations, rooms, events, visibility });
    this.userRedactions = new UserRedactions({ context, rooms, events, eventStore, sender });
    this.historyPurge = new HistoryPurge({ context, rooms, eventStore, relations, search });
    emitter.on('purged', (roomId) => {
      search.purge(roomId);
      states.joinedRooms.forgetAll();
    });
    this.relatedEvents = new RelatedEvents({ relations, events, access, history: this.history, visibility });
  }

  /** Goes on with what the last run left: deletions of rooms, events that wait to be sent. */
  resume(): void {
    this.shutdown.resume();
    this.delayedEvents.resume();
  }

  [Symbol.dispose](): void {
    this.delayedEvents[Symbol.dispose]();
  }

  /** The profile of a user of another server, or one field of it. */
  async profileElsewhere(userId: UserId, field: string | undefined): Promise<JsonObject> {
    return this.remote.profileOf(userId, field);
  }

  /** How many devices users have. */
  countDevices(users: readonly UserId[]): number {
    return this.hooks.countDevices?.(users) ?? 0;
  }

  private get remote(): RemoteRooms {
    const remote = this.hooks.remote?.();
    if (remote === undefined) throw new Error('Nothing is known of other servers');
    return remote;
  }

  /** Brings a changed profile into the user's rooms, in the background. */
  propagateProfile(requester: Requester, userId: UserId): void {
    propagateProfile(this.context, this.states, this.memberships, requester, userId);
  }

  /** Whether two users are in a room together. */
  shareRoom(userId: UserId, other: UserId): boolean {
    const others = this.states.joinedRooms.of(other);
    for (const roomId of this.states.joinedRooms.of(userId)) if (others.has(roomId)) return true;
    return false;
  }
}

/** The server's key; made and stored at the first start. */
function openSigningKey(store: RoomStore): SigningKey {
  const stored = store.signingKey();
  if (stored !== undefined) return new SigningKey(stored.keyId, stored.seed);
  const key = SigningKey.generate();
  store.saveSigningKey({ keyId: key.keyId, seed: key.seed });
  return key;
}
