import type { UserId } from '../../matrix/ids.js';
import type { MutableJsonObject } from '../../matrix/json.js';
import { BoundedCache } from '../store/database/bounded-cache.js';
import type { Clock } from '../runtime/clock.js';
import { randomLetters } from '../runtime/random-letters.js';

/** What the server remembers for a session; clients do not see it (`UIAuthSessionDataConstants`). */
export interface SessionData {
  passwordHash?: string;
  registeredUserId?: UserId;
  requestUserId?: UserId;
  registrationToken?: string;
}

/** One user-interactive authentication, from its first request to its last. */
export interface UiAuthSession {
  readonly id: string;
  readonly uri: string;
  readonly method: string;
  readonly description: string;
  readonly startedTs: number;
  /** The request without `auth`, as it was sent last. */
  params: MutableJsonObject;
  /** Stage to its result. */
  readonly completed: MutableJsonObject;
  readonly data: SessionData;
  /** User agents and addresses seen. */
  readonly seen: (readonly [userAgent: string, ip: string])[];
}

const lifetime = 48 * 60 * 60 * 1000;

/** The sessions under way. They end with the process: a client then starts again. */
export class UiAuthSessions {
  private readonly sessions = new BoundedCache<string, UiAuthSession>(10_000);

  constructor(private readonly clock: Clock) {}

  find(id: string): UiAuthSession | undefined {
    const session = this.sessions.get(id);
    if (session === undefined || this.isAlive(session)) return session;
    this.sessions.delete(id);
    return undefined;
  }

  /** How many sessions under way are such. */
  count(isSuch: (session: UiAuthSession) => boolean): number {
    let count = 0;
    for (const session of this.sessions.values()) if (this.isAlive(session) && isSuch(session)) count++;
    return count;
  }

  open(of: Pick<UiAuthSession, 'uri' | 'method' | 'description' | 'params'>, data: SessionData): UiAuthSession {
    const session = {
      ...of,
      id: randomLetters(24),
      startedTs: this.clock.now(),
      completed: {},
      data,
      seen: [],
    };
    this.sessions.set(session.id, session);
    return session;
  }

  private isAlive(session: UiAuthSession): boolean {
    return this.clock.now() - session.startedTs <= lifetime;
  }
}
