import { parseUserId } from '../matrix/ids.js';
import { type HomeserverContext } from './context.js';
import { mediaRoutes } from './http/media-routes.js';
import { type Route } from './http/route.js';
import { serverRoutes } from './http/server-routes.js';
import { userRoutes } from './http/user-routes.js';
import { MediaFiles } from './media/media-files.js';
import { MediaRepository } from './media/media-repository.js';
import { RateLimiters } from './rate-limiters.js';
import { type Schema } from './store/database.js';
import { MediaStore, mediaSchema } from './store/media-store.js';
import { streamSchema } from './store/stream.js';
import { UserStore } from './store/user-store.js';
import { userSchemas, UserServices } from './users/user-services.js';

/** The tables of a homeserver. */
export const schemas: readonly Schema[] = [streamSchema, ...userSchemas, mediaSchema];

/** The parts of a running homeserver, made once, each given the others that it needs. */
export class Services implements AsyncDisposable {
  readonly userStore: UserStore;
  readonly limiters: RateLimiters;
  readonly users: UserServices;
  readonly media: MediaRepository;
  readonly routes: readonly Route[];
  private readonly mediaFiles: MediaFiles;

  constructor(readonly context: HomeserverContext) {
    const { config, clock, database, dispatch } = context;
    this.userStore = new UserStore(database);
    this.limiters = new RateLimiters(config, clock, dispatch, this.userStore);
    this.users = new UserServices(context, this.userStore, this.limiters, {
      autoJoin: async () => {},
      onProfileChanged: () => {},
      shareRoom: () => false,
      findMedia: () => undefined,
    });
    this.mediaFiles = new MediaFiles(config.mediaStorePath);
    this.media = new MediaRepository(context, new MediaStore(database), this.mediaFiles);
    this.routes = this.makeRoutes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mediaFiles[Symbol.asyncDispose]();
  }

  private makeRoutes(): Route[] {
    const { context, users, media, limiters, userStore } = this;
    return [
      ...serverRoutes(context),
      ...userRoutes(users),
      ...mediaRoutes({ context, media, limiters, isAdmin: (userId) => userStore.isAdmin(parseUserId(userId)) }),
    ];
  }
}
