/*
 * The states of the link between the bridge in Synapse and a module host. Both sides are driven by these tables, and by
 * nothing else: the bridge's copy in `link_table.py` and the tables in `docs/protocol.md` are made from this file.
 */

/** The states of the bridge. */
export type BridgeStateName = 'connecting' | 'opening' | 'ready' | 'unresponsive' | 'waiting' | 'stopped';

/** What happens to the bridge. */
export type BridgeEvent = 'connected' | 'failed' | 'opened' | 'silent' | 'pong' | 'lost' | 'retry' | 'stop';

/** One state of the bridge. */
export interface BridgeState {
  readonly means: string;
  /** Questions are asked, or answered by `onFailure` at once. */
  readonly questions: 'asked' | 'policy';
  /** Notifications are told, kept to be told later in order, or counted and said in the log. */
  readonly notifications: 'told' | 'kept' | 'counted';
  /** `ModuleApi` calls and other requests of the module host are served. */
  readonly serves: boolean;
  /** The state after each event that has a meaning here. */
  readonly next: Readonly<Partial<Record<BridgeEvent, BridgeStateName>>>;
}

/** The states of the bridge; a link starts in the first. Only the answer to `modules.open` leads to `ready`; the last is final. */
export const bridgeStates: Readonly<Record<BridgeStateName, BridgeState>> = {
  connecting: {
    means: 'dials or starts the module host, says `hello`, has the modules loaded',
    questions: 'policy',
    notifications: 'kept',
    serves: false,
    next: { connected: 'opening', failed: 'waiting', stop: 'stopped' },
  },
  opening: {
    means: '`modules.open` is not answered yet',
    questions: 'policy',
    notifications: 'kept',
    serves: true,
    next: { opened: 'ready', lost: 'waiting', stop: 'stopped' },
  },
  ready: {
    means: 'the modules are open, and the last ping was answered in time',
    questions: 'asked',
    notifications: 'told',
    serves: true,
    next: { pong: 'ready', silent: 'unresponsive', lost: 'waiting', stop: 'stopped' },
  },
  unresponsive: {
    means: 'was ready; a ping was not answered in time',
    questions: 'policy',
    notifications: 'kept',
    serves: true,
    next: { pong: 'ready', lost: 'waiting', stop: 'stopped' },
  },
  waiting: {
    means: 'pauses before the next attempt',
    questions: 'policy',
    notifications: 'kept',
    serves: false,
    next: { retry: 'connecting', stop: 'stopped' },
  },
  stopped: {
    means: 'Synapse is stopping',
    questions: 'policy',
    notifications: 'counted',
    serves: false,
    next: {},
  },
};

/** Messages to the module host by what they need. */
export type MessageGroup = 'hello' | 'load' | 'open' | 'transaction' | 'question';

/** The groups of requests that are not questions to running modules. */
const groups: Readonly<Record<string, MessageGroup>> = {
  hello: 'hello',
  'modules.load': 'load',
  'modules.open': 'open',
  'db.run': 'transaction',
};

/** The group that a request belongs to. */
export function groupOf(method: string): MessageGroup {
  return Object.hasOwn(groups, method) ? (groups[method] ?? 'question') : 'question';
}

/** What becomes of a message that a state does not answer: the connection is closed, or the message alone is refused. */
type Otherwise = 'close' | 'refuse';

/** The states of a session of the module host. */
export type HostStateName =
  'new' | 'greeted' | 'loading' | 'loaded' | 'opening' | 'open' | 'failed' | 'refused' | 'closed';

/** What happens to a session of the module host. */
export type HostEvent = 'greeted' | 'refused' | 'load' | 'loaded' | 'open' | 'opened' | 'failed' | 'closed';

/** One state of a session of the module host. */
export interface HostState {
  readonly means: string;
  /** Groups of requests that are answered; `ping` always is. */
  readonly answers: readonly MessageGroup[];
  /** Notices are taken. */
  readonly notices: boolean;
  readonly otherwise: Otherwise;
  /** The state after each event that has a meaning here. */
  readonly next: Readonly<Partial<Record<HostEvent, HostStateName>>>;
}

/** The states of a session of the module host, one for each connection; it starts in the first. */
export const hostStates: Readonly<Record<HostStateName, HostState>> = {
  new: {
    means: 'nothing was said yet',
    answers: ['hello'],
    notices: false,
    otherwise: 'close',
    next: { greeted: 'greeted', refused: 'refused', closed: 'closed' },
  },
  greeted: {
    means: 'versions and token are right',
    answers: ['load'],
    notices: false,
    otherwise: 'close',
    next: { load: 'loading', closed: 'closed' },
  },
  loading: {
    means: 'modules are being found and their configuration checked',
    answers: [],
    notices: false,
    otherwise: 'close',
    next: { loaded: 'loaded', failed: 'greeted', closed: 'closed' },
  },
  loaded: {
    means: 'the modules are known',
    answers: ['load', 'open'],
    notices: false,
    otherwise: 'close',
    next: { load: 'loading', open: 'opening', closed: 'closed' },
  },
  opening: {
    means: 'modules are being made; they may use `ModuleApi`',
    answers: ['transaction'],
    notices: true,
    otherwise: 'refuse',
    next: { opened: 'open', failed: 'failed', closed: 'closed' },
  },
  open: {
    means: 'all modules are ready',
    answers: ['transaction', 'question'],
    notices: true,
    otherwise: 'close',
    next: { closed: 'closed' },
  },
  failed: {
    means: 'a module could not be made',
    answers: [],
    notices: true,
    otherwise: 'refuse',
    next: { closed: 'closed' },
  },
  refused: {
    means: 'version or token are wrong: the connection is about to be closed',
    answers: [],
    notices: true,
    otherwise: 'refuse',
    next: { closed: 'closed' },
  },
  closed: {
    means: 'the connection has ended, and its modules with it',
    answers: [],
    notices: false,
    otherwise: 'refuse',
    next: {},
  },
};

/** Where a session of the module host is; the table alone says where it goes. */
export class SessionState {
  private current: HostStateName = 'new';

  get name(): HostStateName {
    return this.current;
  }

  /** Moves on; returns false for an event that has no meaning in this state, which changes nothing. */
  take(event: HostEvent): boolean {
    const next = hostStates[this.current].next[event];
    if (next === undefined) return false;
    this.current = next;
    return true;
  }

  /** What becomes of a request. */
  judge(method: string): 'answer' | Otherwise {
    const { answers, otherwise } = hostStates[this.current];
    return answers.includes(groupOf(method)) ? 'answer' : otherwise;
  }

  /** What becomes of a notice. */
  judgeNotice(): 'answer' | Otherwise {
    const { notices, otherwise } = hostStates[this.current];
    return notices ? 'answer' : otherwise;
  }
}
