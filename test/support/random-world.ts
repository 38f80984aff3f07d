/** What a homeserver holds, as far as the operations of a random world change it: comparable with `deepEqual`. */
export interface WorldState {
  readonly users: Readonly<Record<string, { displayName: string; devices: number; note: number | null }>>;
  readonly rooms: Readonly<Record<string, { topic: string | null; joined: string[]; messages: (string | null)[] }>>;
}

/** One request that a user makes, or that makes a user. */
export interface Operation {
  /** The user who makes it; undefined for nobody. */
  readonly user: string | undefined;
  readonly method: 'POST' | 'PUT';
  /** `{room}` and `{event}` stand for what the server called them. */
  readonly path: string;
  readonly body: object;
  /** The room it is about. */
  readonly room?: string;
  /** The message it redacts. */
  readonly event?: string;
  /** What the answer tells, and what that is called here. */
  readonly tells?: { readonly key: 'access_token' | 'room_id' | 'event_id'; readonly as: string };
}

type User = WorldState['users'][string];
type Room = WorldState['rooms'][string];

/** The password of every user of a random world. */
const worldPassword = 'correct horse';

/** Users who do random things, always allowed ones. The same seed gives the same operations. */
export class RandomWorld {
  private readonly users: Record<string, User> = {};
  private readonly rooms: Record<string, Room> = {};
  private count = 0;
  private random: number;

  constructor(seed: number) {
    this.random = seed;
  }

  /** What is there after the operations so far. */
  get state(): WorldState {
    return structuredClone({ users: this.users, rooms: this.rooms });
  }

  /** Makes up the next operation; `state` then says what is there after it. */
  next(): Operation {
    const number = ++this.count;
    const users = Object.keys(this.users);
    if (users.length < 2) return this.register(`user${number}`);
    const user = this.pick(users);
    const kind = this.below(12);
    if (kind === 0) return this.register(`user${number}`);
    if (kind === 1) return this.logIn(user);
    if (kind === 2) return this.setDisplayName(user, `Name ${number}`);
    if (kind === 3) return this.setNote(user, number);
    const room = this.pickOrNone(Object.keys(this.rooms));
    if (kind === 4 || room === undefined) return this.createRoom(user, `room${number}`);
    return this.inRoom(user, room, number);
  }

  private inRoom(user: string, name: string, number: number): Operation {
    const room = this.rooms[name] ?? never();
    if (!room.joined.includes(user)) return this.join(user, name, room);
    const kind = this.below(8);
    if (kind === 0) return this.leave(user, name, room);
    if (kind === 1) return this.setTopic(user, name, room, `Topic ${number}`);
    if (kind > 2) return this.send(user, name, room, `${user} ${number}`);
    const index = room.messages.findIndex((text) => text?.startsWith(`${user} `));
    return index < 0 ? this.send(user, name, room, `${user} ${number}`) : this.redact(user, name, room, index);
  }

  private register(user: string): Operation {
    this.users[user] = { displayName: user, devices: 1, note: null };
    const body = { username: user, password: worldPassword, auth: { type: 'm.login.dummy' } };
    return { ...post('/register', body), user: undefined, tells: { key: 'access_token', as: user } };
  }

  private logIn(user: string): Operation {
    (this.users[user] ?? never()).devices++;
    const identifier = { type: 'm.id.user', user };
    return { ...post('/login', { type: 'm.login.password', identifier, password: worldPassword }), user: undefined };
  }

  private setDisplayName(user: string, displayName: string): Operation {
    (this.users[user] ?? never()).displayName = displayName;
    return { ...put(`/profile/@${user}:hs.test/displayname`, { displayname: displayName }), user };
  }

  private setNote(user: string, note: number): Operation {
    (this.users[user] ?? never()).note = note;
    return { ...put(`/user/@${user}:hs.test/account_data/test.note`, { note }), user };
  }

  private createRoom(user: string, name: string): Operation {
    this.rooms[name] = { topic: null, joined: [user], messages: [] };
    const body = {
      preset: 'public_chat',
      name,
      initial_state: [{ type: 'm.room.power_levels', content: { events_default: 0, state_default: 0 } }],
    };
    return { ...post('/createRoom', body), user, tells: { key: 'room_id', as: name } };
  }

  private join(user: string, name: string, room: Room): Operation {
    room.joined.push(user);
    room.joined.sort();
    return { ...post('/rooms/{room}/join', {}), user, room: name };
  }

  private leave(user: string, name: string, room: Room): Operation {
    // The last to leave would take the room along.
    if (room.joined.length === 1) return this.setTopic(user, name, room, `Alone ${this.count}`);
    room.joined = room.joined.filter((other) => other !== user);
    return { ...post('/rooms/{room}/leave', {}), user, room: name };
  }

  private setTopic(user: string, name: string, room: Room, topic: string): Operation {
    room.topic = topic;
    return { ...put('/rooms/{room}/state/m.room.topic/', { topic }), user, room: name };
  }

  private send(user: string, name: string, room: Room, text: string): Operation {
    room.messages.push(text);
    const path = `/rooms/{room}/send/m.room.message/t${this.count}`;
    const tells = { key: 'event_id', as: text } as const;
    return { ...put(path, { msgtype: 'm.text', body: text }), user, room: name, tells };
  }

  private redact(user: string, name: string, room: Room, index: number): Operation {
    const event = room.messages[index] ?? never();
    room.messages[index] = null;
    return { ...put(`/rooms/{room}/redact/{event}/t${this.count}`, {}), user, room: name, event };
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] ?? never();
  }

  private pickOrNone<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length + 1)];
  }

  /** A number from 0, the same after the same calls (mulberry32). */
  private below(limit: number): number {
    this.random = (this.random + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.random ^ (this.random >>> 15), 1 | this.random);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
}

function post(path: string, body: object): Pick<Operation, 'method' | 'path' | 'body'> {
  return { method: 'POST', path: `/_matrix/client/v3${path}`, body };
}

function put(path: string, body: object): Pick<Operation, 'method' | 'path' | 'body'> {
  return { method: 'PUT', path: `/_matrix/client/v3${path}`, body };
}

function never(): never {
  throw new Error('the random world lost something');
}
