import type { HomeserverConfig } from '../../config/homeserver/homeserver-config.js';
import { parseUserId, type UserId } from '../../matrix/ids.js';
import { BackgroundUpdates, schemaUpdates } from '../runtime/background-updates.js';
import type { HomeserverContext } from '../runtime/context.js';
import { eduHandlers } from '../federation/edus.js';
import { FederationServices } from './federation-services.js';
import type { EduHandlers } from '../federation/transactions.js';
import { adminMediaRoutes } from '../http/admin/admin-media-routes.js';
import { adminReportRoutes } from '../http/admin/admin-report-routes.js';
import { federationRoutes } from '../http/federation/federation-routes.js';
import { directoryUpdates } from '../users/directory-updates.js';
import { backgroundUpdateRoutes } from '../http/admin/background-update-routes.js';
import { mediaRoutes } from '../http/media/media-routes.js';
import { reportRoutes } from '../http/client/report-routes.js';
import { roomRoutes } from './room-routes.js';
import type { Route } from '../http/server/route.js';
import { serverNoticeRoutes } from '../http/admin/server-notice-routes.js';
import { serverRoutes } from '../http/client/server-routes.js';
import { userRoutes } from './user-routes.js';
import { liveSchemas, LiveServices } from './live-services.js';
import { MediaFiles } from '../media/media-files.js';
import { MediaModeration } from '../media/media-moderation.js';
import { MediaRepository } from '../media/media-repository.js';
import { RateLimiters } from '../runtime/rate-limiters.js';
import { RoomServices } from './room-services.js';
import type { RoomUsers } from '../rooms/model/room-users.js';
import { ServerNotices } from '../rooms/lifecycle/server-notices.js';
import { backgroundUpdateSchema, BackgroundUpdateStore } from '../store/background-update-store.js';
import type { Schema } from '../store/database/database.js';
import { delayedEventSchema } from '../store/delayed-event-store.js';
import { mediaModerationSchema, MediaModerationStore } from '../store/media-moderation-store.js';
import { ModuleTransactions } from '../store/database/module-transactions.js';
import { MediaStore, mediaSchema } from '../store/media-store.js';
import { ReportStore, reportSchema } from '../store/report-store.js';
import { roomSchema } from '../store/room-schema.js';
import { directorySchema } from '../store/directory-store.js';
import { searchSchema } from '../store/search/search-store.js';
import { streamSchema } from '../store/database/stream.js';
import { UserStore } from '../store/user-store.js';
import { userHooks } from './user-hook-parts.js';
import { followUpgrade } from '../users/room-succession.js';
import { userSchemas, UserServices } from './user-services.js';

/** The tables of a homeserver. */
export const schemas: readonly Schema[] = [
  streamSchema,
  ...userSchemas,
  roomSchema,
  delayedEventSchema,
  reportSchema,
  searchSchema,
  directorySchema,
  mediaSchema,
  mediaModerationSchema,
  backgroundUpdateSchema,
  ...liveSchemas,
];

/** How long users of other servers count as typing when nothing more is heard (`handlers/typing.py`). */
const typingMs = 60_000;

/** The parts of a running homeserver, made once, each given the others that it needs. */
export class Services implements AsyncDisposable {
  readonly userStore: UserStore;
  readonly limiters: RateLimiters;
  readonly users: UserServices;
  readonly rooms: RoomServices;
  readonly media: MediaRepository;
  readonly federation: FederationServices;
  readonly live: LiveServices;
  readonly backgroundUpdates: BackgroundUpdates;
  readonly transactions: ModuleTransactions;
  readonly routes: readonly Route[];
  private readonly backgroundUpdateStore: BackgroundUpdateStore;
  private readonly mediaStore: MediaStore;
  private readonly mediaFiles: MediaFiles;

  constructor(readonly context: HomeserverContext) {
    const { config, clock, database, dispatch } = context;
    this.transactions = new ModuleTransactions(database);
    this.userStore = new UserStore(database);
    this.limiters = new RateLimiters(config, clock, dispatch, this.userStore);
    this.mediaStore = new MediaStore(database);
    const hooks = userHooks({
      rooms: () => this.rooms,
      live: () => this.live,
      media: this.mediaStore,
      isOnlyUser: (userId) => this.isOnlyUser(userId),
    });
    this.users = new UserServices(context, this.userStore, this.limiters, hooks);
    this.rooms = new RoomServices(context, this.roomUsers(), this.limiters, {
      remote: () => this.federation.remoteRooms,
      countDevices: (userIds) => this.users.deviceStore.countOf(userIds),
    });
    this.federation = new FederationServices(this.rooms, this.eduHandlers());
    this.live = new LiveServices(context, this.rooms, this.users, this.limiters, this.federation.edus);
    this.rooms.emitter.onAsk('replaced', (from, to, userIds) =>
      followUpgrade(context.log, this.users, from, to, userIds),
    );
    this.rooms.emitter.on('purged', (roomId) => {
      this.live.receipts.purge(roomId);
      this.users.accountData.purgeRoom(roomId);
    });
    this.mediaFiles = new MediaFiles(mediaFolderOf(config));
    this.media = new MediaRepository(context, this.mediaStore, this.mediaFiles);
    this.backgroundUpdateStore = new BackgroundUpdateStore(database);
    const updates = new Map([...directoryUpdates, ...schemaUpdates(database, schemas)]);
    this.backgroundUpdates = new BackgroundUpdates(context, this.backgroundUpdateStore, updates);
    this.routes = this.makeRoutes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.live[Symbol.dispose]();
    this.federation[Symbol.dispose]();
    this.rooms[Symbol.dispose]();
    await this.mediaFiles[Symbol.asyncDispose]();
  }

  /** Whether an account is the first that is no bot or support account; guests count, as on Synapse. */
  private isOnlyUser(userId: UserId): boolean {
    const userType = this.userStore.find(userId)?.userType ?? '';
    return userType !== 'bot' && userType !== 'support' && this.userStore.countRealUsers() === 1;
  }

  private roomUsers(): RoomUsers {
    const { userStore, users } = this;
    return {
      exists: (userId) => userStore.find(userId) !== undefined,
      isAdmin: (userId) => userStore.isAdmin(userId),
      isGuest: (userId) => userStore.find(userId)?.isGuest === true,
      isSuspended: (userId) => userStore.find(userId)?.isSuspended === true,
      isErased: (userId) => userStore.find(userId)?.isErased === true,
      profileOf: (userId) => userStore.profileOf(userId),
      ignoredBy: (userId) => users.accountData.ignoredBy(userId),
      takesInvitesFrom: (userId, inviter) => users.accountData.inviteRule(userId, inviter) !== 'block',
      mayUseAvatar: (url) => users.profiles.isAllowedAvatar(url),
    };
  }

  private eduHandlers(): EduHandlers {
    return eduHandlers(this.rooms, {
      startTyping: (roomId, userId) => {
        this.live.typing.start(roomId, userId, typingMs);
      },
      stopTyping: (roomId, userId) => {
        this.live.typing.stop(roomId, userId);
      },
      setReceipt: (roomId, userId, type, event, threadId) => {
        const { eventId, position } = event;
        this.live.receipts.set(roomId, userId, type, { eventId, position }, threadId);
      },
      setPresence: (userId, change, lastActiveAgo) => this.live.presence.receive(userId, change, lastActiveAgo),
      sendToDevices: (sender, type, messages) => {
        this.live.toDevice.receive(sender, type, messages);
      },
    });
  }

  private serverNotices(): ServerNotices {
    const { states, roomCreation, memberships, sender } = this.rooms;
    return new ServerNotices({
      context: this.context,
      states,
      roomCreation,
      memberships,
      sender,
      setTag: (userId, roomId, tag) => {
        this.users.accountData.setTag(userId, roomId, tag, {});
      },
    });
  }

  private makeRoutes(): Route[] {
    const reports = new ReportStore(this.context.database);
    const { context, users, rooms, media, limiters, userStore, live } = this;
    return [
      ...serverRoutes(context),
      ...userRoutes(users),
      ...roomRoutes(rooms),
      ...reportRoutes(rooms, reports),
      ...adminReportRoutes(rooms, reports),
      ...federationRoutes(this.federation, { rooms, users, keys: live.deviceKeys }),
      ...backgroundUpdateRoutes(rooms, this.backgroundUpdates, this.backgroundUpdateStore),
      ...live.routes,
      ...serverNoticeRoutes(this.serverNotices(), rooms.users, context.serverName),
      ...adminMediaRoutes({
        context,
        moderation: new MediaModeration(
          context.serverName,
          new MediaModerationStore(context.database),
          this.mediaFiles,
        ),
        find: (mediaId) => this.mediaStore.find(mediaId),
        users: rooms.users,
      }),
      ...mediaRoutes({ context, media, limiters, isAdmin: (userId) => userStore.isAdmin(parseUserId(userId)) }),
    ];
  }
}

/** Where uploads lie: as configured, else beside the database file; undefined for a temporary folder. */
function mediaFolderOf({ mediaStorePath, databasePath }: HomeserverConfig): string | undefined {
  if (mediaStorePath !== undefined) return mediaStorePath;
  return databasePath === ':memory:' ? undefined : `${databasePath}-media`;
}
