import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { RoomId, UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { AccountDataStore } from '../store/account-data-store.js';
import { BoundedCache } from '../store/database/bounded-cache.js';
import { blanketInviteRule, type InviteRule, inviteRuleFor } from './invite-rules.js';
import type { PushRules } from './push-rules.js';

const IGNORED_USERS = 'm.ignored_user_list';

/** A piece of account data as `/sync` shows it. */
export interface AccountDataEvent {
  readonly type: string;
  readonly content: JsonObject;
}

/** Account data as `/sync` shows it: global, and by room. */
export interface AccountDataUpdate {
  readonly global: readonly AccountDataEvent[];
  readonly rooms: ReadonlyMap<RoomId, readonly AccountDataEvent[]>;
}

/** Account data and tags of users (`handlers/account_data.py`). */
export class AccountData {
  private readonly ignored = new BoundedCache<UserId, ReadonlySet<string>>(5000);

  constructor(
    private readonly context: HomeserverContext,
    private readonly store: AccountDataStore,
    private readonly pushRules: PushRules,
  ) {}

  /** The content of a type; undefined when there is none. */
  get(userId: UserId, roomId: RoomId | null, type: string): JsonObject | undefined {
    if (type === 'm.push_rules') return roomId === null ? this.pushRules.forUser(userId) : {};
    return this.store.find(userId, roomId, type);
  }

  /** Stores content, wakes `/sync` and tells the modules. */
  async set(userId: UserId, roomId: RoomId | null, type: string, content: JsonObject): Promise<void> {
    const { context } = this;
    if (roomId === null && type === IGNORED_USERS) this.checkIgnored(userId, content);
    this.store.save(userId, { roomId, type, content }, context.stream.next());
    context.notifier.notify({ users: [userId] });
    const handed: MutableJsonObject = structuredClone(content);
    await context.dispatch.ask('account_data', 'on_account_data_updated', userId, roomId, type, handed);
  }

  /** Deletes content; modules are told even when there was none. */
  async delete(userId: UserId, roomId: RoomId | null, type: string): Promise<void> {
    if (this.store.find(userId, roomId, type) !== undefined) {
      await this.set(userId, roomId, type, {});
      return;
    }
    await this.context.dispatch.ask('account_data', 'on_account_data_updated', userId, roomId, type, {});
  }

  /** The users whose messages a user does not want to see. */
  ignoredBy(userId: UserId): ReadonlySet<string> {
    const cached = this.ignored.get(userId);
    if (cached !== undefined) return cached;
    const ignored = ignoredIn(this.store.find(userId, null, IGNORED_USERS) ?? {});
    this.ignored.set(userId, ignored);
    return ignored;
  }

  /** What a user wants done with invites of another. */
  inviteRule(userId: UserId, inviter: UserId): InviteRule {
    const blanket = this.store.find(userId, null, 'm.invite_permission_config');
    if (blanket !== undefined) return blanketInviteRule(blanket);
    if (this.context.config.experimentalFeatures['msc4155_enabled'] !== true) return 'allow';
    const config = this.store.find(userId, null, 'org.matrix.msc4155.invite_permission_config');
    return config === undefined ? 'allow' : inviteRuleFor(config, inviter);
  }

  tags(userId: UserId, roomId: RoomId): Readonly<Record<string, JsonObject>> {
    return this.store.tagsOf(userId, roomId);
  }

  /** Sets a tag, or removes it when the content is undefined. No module is told of tags. */
  setTag(userId: UserId, roomId: RoomId, tag: string, content: JsonObject | undefined): void {
    this.store.saveTag(userId, roomId, tag, content, this.context.stream.next());
    this.context.notifier.notify({ users: [userId] });
  }

  /** All account data of a user for a first `/sync`. */
  all(userId: UserId): AccountDataUpdate {
    return this.collect(userId, -1, this.isThere);
  }

  /** The account data of a user changed after a position; what was deleted is empty. */
  since(userId: UserId, position: number): AccountDataUpdate {
    return this.collect(userId, position, () => true);
  }

  /** The account data of a user for one room, its tags included. */
  ofRoom(userId: UserId, roomId: RoomId): readonly AccountDataEvent[] {
    const tags = this.store.tagsOf(userId, roomId);
    return [
      ...(Object.keys(tags).length === 0 ? [] : [{ type: 'm.tag', content: { tags } }]),
      ...this.store.ofRoom(userId, roomId).map(({ type, content }) => ({ type, content })),
    ];
  }

  /** Everything stored, as administrators see it: type to content, global and by room. */
  stored(userId: UserId): { readonly global: JsonObject; readonly rooms: Readonly<Record<string, JsonObject>> } {
    const global: Record<string, JsonObject> = {};
    const rooms: Record<string, Record<string, JsonObject>> = {};
    for (const { roomId, type, content } of this.store.since(userId, -1)) {
      if (!this.isThere(content)) continue;
      const target = roomId === null ? global : (rooms[roomId] ??= {});
      target[type] = content;
    }
    return { global, rooms };
  }

  /** Forgets what users keep with a room that is removed. */
  purgeRoom(roomId: RoomId): void {
    this.store.deleteOfRoom(roomId);
  }

  /** Forgets everything, when the account is deactivated. */
  purge(userId: UserId): void {
    this.store.deleteOfUser(userId);
    this.ignored.delete(userId);
  }

  /** MSC3391 makes empty content mean "deleted". */
  private readonly isThere = (content: JsonObject): boolean =>
    this.context.config.experimentalFeatures['msc3391_enabled'] !== true || Object.keys(content).length > 0;

  private checkIgnored(userId: UserId, content: JsonObject): void {
    if (ignoredIn(content).has(userId)) {
      throw new SynapseError(400, 'You cannot ignore yourself', Codes.INVALID_PARAM);
    }
    this.ignored.delete(userId);
  }

  private collect(userId: UserId, position: number, isShown: (content: JsonObject) => boolean): AccountDataUpdate {
    const global: AccountDataEvent[] = [];
    const rooms = new Map<RoomId, AccountDataEvent[]>();
    const add = (roomId: RoomId, event: AccountDataEvent): void => {
      const events = rooms.get(roomId);
      if (events === undefined) rooms.set(roomId, [event]);
      else events.push(event);
    };
    for (const { roomId, type, content } of this.store.since(userId, position)) {
      if (!isShown(content)) continue;
      if (roomId === null) global.push({ type, content });
      else add(roomId, { type, content });
    }
    for (const roomId of this.store.roomsTaggedSince(userId, position)) {
      add(roomId, { type: 'm.tag', content: { tags: this.store.tagsOf(userId, roomId) } });
    }
    if (this.pushRules.changedAfter(userId, position)) {
      global.push({ type: 'm.push_rules', content: this.pushRules.forUser(userId) });
    }
    return { global, rooms };
  }
}

/** The users that an `m.ignored_user_list` names; nobody when it is malformed. */
function ignoredIn({ ignored_users: users }: JsonObject): ReadonlySet<string> {
  return new Set(isJsonObject(users) ? Object.keys(users) : []);
}
