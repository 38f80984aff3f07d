import { isDeepStrictEqual } from 'node:util';

/** What a user tries to do in a room. */
export type Act =
  | { readonly kind: 'send'; readonly user: string; readonly type: string }
  | { readonly kind: 'state'; readonly user: string; readonly type: string; readonly stateKey: string }
  | { readonly kind: 'rule'; readonly user: string; readonly rule: string }
  | {
      readonly kind: 'level';
      readonly user: string;
      readonly group: string;
      readonly what: string;
      readonly level: number;
    }
  | { readonly kind: 'member'; readonly user: string; readonly target: string; readonly action: MemberAction }
  | { readonly kind: 'redact'; readonly user: string; readonly index: number };

/** What can be done to a member. */
export type MemberAction = 'join' | 'leave' | 'invite' | 'kick' | 'ban' | 'unban' | 'knock';

type Levels = Readonly<Record<string, unknown>>;

/** A room as its power rules look at it. */
export interface RoomPicture {
  /** Those with power without limit. */
  readonly creators: readonly string[];
  readonly members: Readonly<Record<string, string>>;
  readonly joinRule: unknown;
  readonly levels: Levels;
  /** Everything else, by type and state key. */
  readonly other: Readonly<Record<string, unknown>>;
}

const namedDefaults: Readonly<Record<string, number>> = {
  users_default: 0,
  events_default: 0,
  state_default: 50,
  ban: 50,
  kick: 50,
  redact: 50,
  invite: 0,
};

/** The rules of the specification, said once more in the plainest way: which powers a room gives to whom. */
export class RoomPowers {
  constructor(private readonly room: RoomPicture) {}

  powerOf(user: string): number {
    if (this.room.creators.includes(user)) return Infinity;
    return numberIn(groupOf(this.room.levels, 'users'), user) ?? this.named('users_default');
  }

  /** What gives a user the right to an act; undefined when nothing does. */
  grants(act: Act): boolean {
    if (act.kind === 'member') return this.grantsMembership(act.user, act.target, act.action);
    if (this.room.members[act.user] !== 'join') return false;
    const power = this.powerOf(act.user);
    switch (act.kind) {
      case 'send':
        return power >= this.toSend(act.type, false);
      case 'state':
        return power >= this.toSend(act.type, true) && (!act.stateKey.startsWith('@') || act.stateKey === act.user);
      case 'rule':
        return power >= this.toSend('m.room.join_rules', true);
      case 'level':
        return power >= this.toSend('m.room.power_levels', true);
      case 'redact':
        // One's own events can always be taken back: who sent it is for the caller to look at.
        return power >= this.toSend('m.room.redaction', false);
    }
  }

  mayRedactOthers(user: string): boolean {
    return this.powerOf(user) >= this.named('redact');
  }

  /** The levels that somebody changed without having them. */
  stolenLevels(after: Levels, user: string): readonly string[] {
    const power = this.powerOf(user);
    const before = this.room.levels;
    const groups = ['users', 'events', 'notifications'].flatMap((group) =>
      changed(groupOf(before, group), groupOf(after, group)).map((key) => ({ group, key })),
    );
    const isStolen = ({ group, key }: { group: string; key: string }): boolean => {
      const [old, now] = [numberIn(groupOf(before, group), key), numberIn(groupOf(after, group), key)];
      const isEqual = group === 'users' && key !== user && old === power;
      return isEqual || (old ?? -Infinity) > power || (now ?? -Infinity) > power;
    };
    const names = changed(before, after).filter((name) => name in namedDefaults);
    return [
      ...groups.filter(isStolen).map(({ group, key }) => `${group}.${key}`),
      ...names.filter(
        (name) => Math.max(numberIn(before, name) ?? -Infinity, numberIn(after, name) ?? -Infinity) > power,
      ),
    ];
  }

  private grantsMembership(user: string, target: string, action: MemberAction): boolean {
    const membership = this.room.members[target];
    if (user === target && isOwn(action)) return membership !== 'ban' && this.isOpenTo(membership, action);
    if (this.room.members[user] !== 'join' || isOwn(action)) return false;
    if (action !== 'invite') return this.grantsRemoval(user, target, action);
    return membership !== 'join' && membership !== 'ban' && this.powerOf(user) >= this.named('invite');
  }

  private grantsRemoval(user: string, target: string, action: MemberAction): boolean {
    const power = this.powerOf(user);
    const membership = this.room.members[target];
    // Kicking and unbanning both make the other one leave.
    const needed = action === 'ban' || membership === 'ban' ? 'ban' : 'kick';
    return power >= this.named(needed) && power > this.powerOf(target) && (action !== 'kick' || membership !== 'ban');
  }

  private isOpenTo(membership: string | undefined, action: MemberAction): boolean {
    const { joinRule } = this.room;
    if (action === 'join') return joinRule === 'public' || membership === 'invite' || membership === 'join';
    return action === 'leave' || (joinRule === 'knock' && membership !== 'join');
  }

  private toSend(type: string, isState: boolean): number {
    return (
      numberIn(groupOf(this.room.levels, 'events'), type) ?? this.named(isState ? 'state_default' : 'events_default')
    );
  }

  private named(name: string): number {
    return numberIn(this.room.levels, name) ?? namedDefaults[name] ?? 0;
  }
}

/** The keys whose values are not the same. */
export function changed(before: Levels, after: Levels): readonly string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isDeepStrictEqual(before[key], after[key]));
}

function groupOf(levels: Levels, name: string): Levels {
  const group = levels[name];
  return typeof group === 'object' && group !== null ? (group as Levels) : {};
}

function numberIn(levels: Levels, key: string): number | undefined {
  const value = levels[key];
  return typeof value === 'number' ? value : undefined;
}

function isOwn(action: MemberAction): boolean {
  return action === 'join' || action === 'leave' || action === 'knock';
}
