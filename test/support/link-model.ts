import assert from 'node:assert/strict';
import { bridgeStates, type BridgeStateName } from '../../src/synapse/protocol/link-states.js';
import { limits } from '../../src/synapse/protocol/protocol.js';
import type { HeardFrame, Report } from './played-bridge.js';

/** The connection as the module host sees it. */
interface PlayedLink {
  /** The request `modules.open`. */
  openId: number | undefined;
  /** When it was answered. */
  openedAt: number | undefined;
  /** A frame was begun that never ends: nothing that is sent now is understood. */
  isEndless: boolean;
  /** Bytes that came in addition to frames, or had to be sent. */
  bytes: number;
  /** Questions and notifications that are not answered, by the request. */
  readonly asked: Map<number, number>;
  readonly told: Map<number, number>;
}

/** Seconds that a ping may take, and those until the next one. */
const patience = limits.pongWithin / 1000;
const every = limits.pingEvery / 1000;
/** Seconds of one step of the clock, and of one more look. */
const step = 0.3;
const slowest = 1_048_576;

/** What must hold of the bridge, whatever happens in whatever order. */
export class LinkModel {
  state: BridgeStateName = 'waiting';
  isDialling = false;
  link: PlayedLink | undefined;
  questions = 0;
  notifications = 0;
  private now = 0;
  private pausedSince: number | undefined = 0;
  private pause = 0.1;
  private lastPause = 5;
  private readonly open = { ask: new Set<number>(), tell: new Set<number>() };
  private readonly received = new Set<number>();
  private readonly acknowledged = new Set<number>();
  private lastReceived = -1;
  private counted = 0;

  /** Seconds since the beginning. */
  get time(): number {
    return this.now;
  }

  /** A question has no outcome yet. */
  isWaiting(question: number): boolean {
    return this.open.ask.has(question);
  }

  // -- What is about to happen --

  connects(how: 'loaded' | 'problems' | 'refused'): void {
    this.lastPause = how === 'refused' ? 1 : 5;
    if (how !== 'loaded') return;
    this.link = {
      openId: undefined,
      openedAt: undefined,
      isEndless: false,
      bytes: 0,
      asked: new Map(),
      told: new Map(),
    };
  }

  /** Takes an answer to one of the requests; what it answers is then expected of the bridge. */
  answers(kind: 'asked' | 'told', index: number): { readonly id: number; readonly number: number } | undefined {
    const waiting = [...(this.link?.[kind] ?? [])];
    const [id, number] = waiting[index % Math.max(1, waiting.length)] ?? [];
    if (id === undefined || number === undefined) return undefined;
    this.link?.[kind].delete(id);
    return { id, number };
  }

  // -- What has happened --

  /** Checks a report; `accepted` is the question that was answered with yes meanwhile, `expected` the state that must follow. */
  check(report: Report, accepted?: number, expected?: BridgeStateName): void {
    const before = this.state;
    const isAtOnce = report.now === this.now;
    this.now = report.now;
    assert.deepEqual(report.unhandled, []);
    assert.ok(this.canFollow(report.state), `${report.state} after ${before}`);
    if (expected !== undefined) assert.equal(report.state, expected);
    this.checkDials(report, before, isAtOnce);
    for (const frame of report.heard) this.hear(frame);
    for (const outcome of report.outcomes) this.settle(outcome, accepted);
    if (accepted !== undefined) assert.ok(!this.open.ask.has(accepted), `the answer to question ${accepted} was lost`);
    for (const line of report.log) this.read(line);
    this.state = report.state;
    this.isDialling = report.isDialling;
    if (['waiting', 'connecting', 'stopped'].includes(report.state)) this.lose();
    const waiting = [...this.open.ask, ...this.open.tell];
    if (bridgeStates[report.state].questions === 'policy')
      assert.deepEqual(waiting, [], `they wait while ${report.state}`);
    this.checkPulse(report);
  }

  /** A question or a notification of Synapse is about to come. */
  asks(kind: 'ask' | 'tell', number: number): void {
    this.open[kind].add(number);
  }

  /** The end: nobody waits, and each notification was told once or counted. */
  checkEnd(): void {
    assert.deepEqual([...this.open.ask], [], 'questions without an answer');
    assert.deepEqual([...this.open.tell], [], 'notifications that Synapse waits for');
    const untold = this.notifications - this.received.size;
    const known = `${this.notifications} notifications, ${this.received.size} told, ${this.acknowledged.size} answered`;
    assert.ok(untold <= this.counted, `${known}, only ${this.counted} counted`);
    assert.ok(this.counted <= this.notifications - this.acknowledged.size, `${known}, but ${this.counted} counted`);
  }

  private hear({ id, method, params }: HeardFrame): void {
    if (id === undefined || method === undefined) {
      if (method === 'cancel') this.cancel(params.id);
      return;
    }
    const { link } = this;
    assert.ok(link !== undefined);
    if (method === 'modules.open') {
      assert.equal(link.openId, undefined);
      link.openId = id;
      return;
    }
    assert.equal(method, 'callback.invoke');
    assert.ok(link.openedAt !== undefined, 'a question before the modules are open');
    const [, second = '', third] = params.args;
    if (third === undefined) {
      link.asked.set(id, Number(second));
      return;
    }
    const number = Number.parseInt(third, 10);
    assert.ok(number > this.lastReceived, `notification ${number} after ${this.lastReceived}`);
    this.lastReceived = number;
    this.received.add(number);
    link.told.set(id, number);
  }

  private cancel(id: number | null): void {
    this.link?.asked.delete(id ?? 0);
    this.link?.told.delete(id ?? 0);
  }

  private settle([kind, number, value]: Report['outcomes'][number], accepted: number | undefined): void {
    assert.ok(this.open[kind].delete(number), `${kind} ${number} has two outcomes`);
    if (kind === 'ask') assert.equal(value === 'accept', number === accepted, `question ${number}: ${value}`);
  }

  /** A notification was answered by a host that is understood. */
  acknowledge(number: number): void {
    this.acknowledged.add(number);
  }

  private read(line: string): void {
    assert.doesNotMatch(line, /^(ERROR|CRITICAL)|Traceback/);
    const [, count] = /(\d+) notifications were (?:dropped|under way)/.exec(line) ?? [];
    this.counted += Number(count ?? 0);
  }

  private lose(): void {
    if (this.link?.openedAt !== undefined && this.now - this.link.openedAt >= 10) this.pause = 0.1;
    if (this.link?.openId !== undefined && this.link.openedAt === undefined) this.lastPause = 1;
    this.link = undefined;
  }

  /** Whether the table leads from one state to the other, in any number of steps. */
  private canFollow(wanted: BridgeStateName): boolean {
    const reached = new Set([this.state]);
    for (const one of reached) for (const next of Object.values(bridgeStates[one].next)) reached.add(next);
    return reached.has(wanted);
  }

  /** Attempts to connect come less and less often. */
  private checkDials({ dials, now, state }: Report, before: BridgeStateName, isAtOnce: boolean): void {
    for (const [index, at] of dials.entries()) {
      const least = Math.min(this.pause, this.lastPause, 1);
      if (index === 0 && this.pausedSince !== undefined) {
        assert.ok(
          at - this.pausedSince >= least - 0.001,
          `an attempt after ${at - this.pausedSince} s, not ${least} s`,
        );
      }
      this.pause = Math.min(this.pause * 2, 5);
      this.pausedSince = undefined;
    }
    assert.ok(dials.length <= 1, 'two attempts at once');
    // Within a longer time it is not known since when.
    if (state === 'waiting' && before !== 'waiting') this.pausedSince = isAtOnce ? now : undefined;
  }

  /** Only who answers pings is asked. */
  private checkPulse({ now, pongedAt, state }: Report): void {
    const openedAt = this.link?.openedAt;
    if (state === 'ready' || state === 'unresponsive') assert.ok(openedAt !== undefined, `${state} before it was open`);
    if (openedAt === undefined) return;
    const silence = now - Math.max(pongedAt, openedAt);
    const most = every + patience + step + (this.link?.bytes ?? 0) / slowest;
    if (state === 'ready') assert.ok(silence <= most, `ready after ${silence} s of silence`);
    if (state === 'unresponsive') assert.ok(silence >= patience, `unresponsive after ${silence} s`);
  }
}
