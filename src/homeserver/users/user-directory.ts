import { setImmediate as nextTurn } from 'node:timers/promises';
import { domainOf, type UserId } from '../../matrix/ids.js';
import type { UserProfile } from '../../callbacks/spam-checker.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { DirectoryEntry, DirectoryStore } from '../store/directory-store.js';
import type { StoredProfile, UserStore } from '../store/user-store.js';

/** What a search answers. */
export interface DirectoryResults {
  readonly limited: boolean;
  readonly results: readonly UserProfile[];
}

/** So many users are brought up to date before others have their turn. */
const usersATurn = 200;

/** The search for users (`handlers/user_directory.py`, `storage/databases/main/user_directory.py`). */
export class UserDirectory {
  constructor(
    private readonly context: HomeserverContext,
    private readonly users: UserStore,
    private readonly store: DirectoryStore,
  ) {}

  /** The users whose ID or name has all words of the term, each at the beginning of a word; the best first. */
  async search(requester: UserId, term: string, limit: number): Promise<DirectoryResults> {
    const words = [...new Set(wordsOf(term))];
    if (words.length === 0) return { limited: false, results: [] };
    await this.catchUp();
    const { searchAllUsers, excludeRemoteUsers, showLockedUsers, preferLocalUsers } = this.context.config.userDirectory;
    const matching = this.store.search({
      requester,
      words,
      limit: limit + 1,
      isForAll: searchAllUsers,
      withRemote: !excludeRemoteUsers,
      withLocked: showLockedUsers,
      preferLocal: preferLocalUsers,
    });
    const results: UserProfile[] = [];
    for (const profile of matching.slice(0, limit)) {
      // A module gets a copy of its own: what it changes is lost.
      const isSpam = await this.context.dispatch.ask(
        'spam_checker',
        'check_username_for_spam',
        { ...profile },
        requester,
      );
      if (isSpam === false) results.push(profile);
    }
    return { limited: matching.length > limit, results };
  }

  private async catchUp(): Promise<void> {
    for (;;) {
      const stale = this.store.stale(usersATurn);
      if (stale.length > 0) this.store.update(new Map(stale.map((userId) => [userId, this.entryOf(userId)])));
      if (stale.length < usersATurn) return;
      await nextTurn();
    }
  }

  private entryOf(userId: UserId): DirectoryEntry | undefined {
    const profile = this.profileOf(userId);
    return profile && { profile, words: wordsOf(`${userId} ${profile.displayName ?? ''}`) };
  }

  private profileOf(userId: UserId): StoredProfile | undefined {
    if (domainOf(userId) !== this.context.serverName) return this.store.profileInRooms(userId);
    return this.users.find(userId) && this.users.profileOf(userId);
  }
}

/** The words of a text, in small letters, as SQLite's full-text search takes them apart. */
function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .normalize('NFKC')
    .split(/[^a-z0-9\u0080-\u{10ffff}]+/u)
    .filter((word) => word !== '');
}
