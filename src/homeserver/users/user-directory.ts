import { domainOf, type UserId } from '../../matrix/ids.js';
import type { UserProfile } from '../../callbacks/spam-checker.js';
import type { HomeserverContext } from '../context.js';
import { compareRanks } from '../sort-order.js';
import type { DirectoryStore } from '../store/directory-store.js';
import type { UserStore } from '../store/user-store.js';

/** What a search answers. */
export interface DirectoryResults {
  readonly limited: boolean;
  readonly results: readonly UserProfile[];
}

interface Candidate {
  readonly profile: UserProfile;
  readonly tokens: readonly string[];
}

/** The search for users (`handlers/user_directory.py`, `storage/databases/main/user_directory.py`). */
export class UserDirectory {
  constructor(
    private readonly context: HomeserverContext,
    private readonly users: UserStore,
    private readonly rooms: DirectoryStore,
  ) {}

  /** The users whose ID or name has all words of the term, each at the beginning of a word; the best first. */
  async search(requester: UserId, term: string, limit: number): Promise<DirectoryResults> {
    const words = wordsOf(term);
    const matching = words.length === 0 ? [] : this.ranked(requester, words);
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

  private ranked(requester: UserId, words: readonly string[]): readonly UserProfile[] {
    const candidates = this.candidates(requester);
    const matching = candidates.filter(({ tokens }) =>
      words.every((word) => tokens.some((token) => token.startsWith(word))),
    );
    const scores = new Map(matching.map((candidate) => [candidate, 0]));
    // Each word counts by how rare it is, as a whole word and as the beginning of one.
    for (const word of words) {
      for (const isHit of [(token: string) => token.startsWith(word), (token: string) => token === word]) {
        const hits = candidates.map((candidate) => candidate.tokens.filter(isHit).length);
        const total = hits.reduce((sum, count) => sum + count, 0);
        for (const [index, candidate] of candidates.entries()) {
          const score = scores.get(candidate);
          if (score !== undefined && total > 0) scores.set(candidate, score + (hits[index] ?? 0) / total);
        }
      }
    }
    const localFirst = this.context.config.userDirectory.preferLocalUsers;
    const rank = ({ profile }: Candidate): readonly number[] => [
      localFirst && domainOf(profile.user_id) !== this.context.serverName ? 1 : 0,
      profile.display_name === null ? 1 : 0,
      profile.avatar_url === null ? 1 : 0,
    ];
    return matching
      .sort((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0) || compareRanks(rank(a), rank(b)))
      .map(({ profile }) => profile);
  }

  private candidates(requester: UserId): readonly Candidate[] {
    const { searchAllUsers, excludeRemoteUsers } = this.context.config.userDirectory;
    const userIds = searchAllUsers
      ? [...this.users.allIds(), ...this.rooms.remoteUsers()].filter((userId) => userId !== requester)
      : this.rooms.usersKnownTo(requester);
    return userIds.flatMap((userId) => {
      const isLocal = domainOf(userId) === this.context.serverName;
      if (isLocal ? !this.isListed(userId) : excludeRemoteUsers) return [];
      const { displayName, avatarUrl } = isLocal ? this.users.profileOf(userId) : this.rooms.profileInRooms(userId);
      const profile = { user_id: userId, display_name: displayName, avatar_url: avatarUrl };
      return [{ profile, tokens: wordsOf(`${userId} ${displayName ?? ''}`) }];
    });
  }

  private isListed(userId: UserId): boolean {
    const user = this.users.find(userId);
    if (user === undefined || user.isDeactivated || user.userType === 'support') return false;
    return !user.isLocked || this.context.config.userDirectory.showLockedUsers;
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
