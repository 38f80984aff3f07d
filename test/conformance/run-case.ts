import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { makeActor } from './actors.js';
import { callsMismatch, listedCalls } from './calls.js';
import { send, type ClientAnswer } from './client.js';
import { configurationOf } from './configuration.js';
import { type Case, isRecord, type Json, type JsonRecord, type Step } from './format.js';
import { type ConformanceHost, type RunningServer, StartupFailure } from './host.js';
import { mismatch } from './match.js';
import { encodeError, expectedRaise } from './puppets/raise.js';
import { Theatre } from './puppets/theatre.js';
import { type SetOrder, setOrderOf } from './set-order.js';
import { MISSING, substitute, valueAt, type Variables } from './variables.js';

/** How long expected calls, and work in the background, are waited for. */
const patienceMs = 3000;

/** The recorder's times without a call after which it went on: usually, where calls are counted besides, and at the end. */
const usualQuietMs = 60;
const shortQuietMs = 20;
const lastQuietMs = 120;

let casesRun = 0;
const prefix = [...randomBytes(3)].map((byte) => 'abcdefghijkmnpqrstuvwxyz'[byte % 24]).join('');

/** Runs a case on a server of its own; answers with what did not come out as expected. */
export async function runCase(test: Case, host: ConformanceHost): Promise<string[]> {
  const theatre = new Theatre();
  const puppets = (test.modules ?? []).filter((puppet) => puppet.name !== undefined);
  const plan = {
    configuration: configurationOf(test),
    puppets: new Map(puppets.map((puppet) => [puppet.name ?? '', puppet])),
    theatre,
  };
  if (test.startup?.fails === true) {
    try {
      await (await host.start(plan)).close();
      return ['startup did not fail'];
    } catch (error) {
      if (error instanceof StartupFailure) return startupProblems(test, error.output, theatre);
      throw error;
    }
  }
  const server = await host.start(plan);
  try {
    return await new CaseRun(test, server, theatre, host.toldBehind).run();
  } finally {
    await server.close();
  }
}

function startupProblems(test: Case, output: string, theatre: Theatre): string[] {
  const problems = (test.startup?.message_contains ?? [])
    .filter((text) => !output.includes(text))
    .map((text) => `startup output lacks ${JSON.stringify(text)}: ${output}`);
  // Synapse has redirected its output when it makes the modules, so only this much was ever seen.
  const log = theatre.log.filter((line) => line.includes(' parse_config '));
  const wanted = test.startup?.log;
  if (wanted !== undefined && wanted.join('\n') !== log.join('\n')) {
    problems.push(`startup log: ${JSON.stringify(log)} is not ${JSON.stringify(wanted)}`);
  }
  return problems;
}

class CaseRun {
  private readonly variables: Variables;
  private readonly problems: string[] = [];
  private readonly setOrder: SetOrder;

  constructor(
    private readonly test: Case,
    private readonly server: RunningServer,
    private readonly theatre: Theatre,
    private readonly toldBehind: readonly string[],
  ) {
    this.setOrder = setOrderOf(test);
    const unique = `${prefix}${String(++casesRun).padStart(4, '0')}`;
    this.variables = new Map<string, Json>([
      ['u', unique],
      ['server_name', 'hs.test'],
      ['base_url', server.baseUrl],
    ]);
  }

  async run(): Promise<string[]> {
    const { test, theatre, variables } = this;
    for (const actor of test.actors ?? []) await makeActor(actor, this.server.baseUrl, variables);
    for (const [index, step] of (test.setup ?? []).entries()) await this.setUp(step, index);
    await this.quiet(test.setup_wait_ms ?? usualQuietMs);
    const armed = (test.modules ?? []).filter((puppet) => puppet.name !== undefined);
    theatre.arm(armed, variables);
    for (const [index, step] of (test.steps ?? []).entries()) {
      theatre.step = index;
      await this.step(step, index);
      await this.awaitCalls(index);
    }
    await this.quiet(lastQuietMs);
    const problem = callsMismatch(test, theatre.calls, variables, this.toldBehind);
    if (problem !== undefined) this.problems.push(problem);
    return this.problems;
  }

  private async setUp(step: Step, index: number): Promise<void> {
    const answer = await this.request(step);
    if (Number(answer['status'] ?? 599) >= 400) throw new Error(`setup step ${index}: ${JSON.stringify(answer)}`);
    this.save(step, answer['body'] ?? null);
  }

  private async step(step: Step, index: number): Promise<void> {
    if (step.wait_ms !== undefined) {
      await delay(step.wait_ms);
      return;
    }
    const answer = await this.act(step);
    this.save(step, answer['body'] ?? answer['result'] ?? null);
    if (step.expect === undefined) return;
    const problem = this.answerMismatch(step.expect, answer, index);
    if (problem !== undefined) this.problems.push(problem);
  }

  private async act(step: Step): Promise<JsonRecord> {
    if (step.federation_invite !== undefined) return await this.invite(step);
    if (step.api !== undefined) return await this.callApi(step, step.api);
    const end = performance.now() + (step.retry_ms ?? 0);
    for (;;) {
      const answer = await this.request(step);
      const { headers: _headers, exact: _exact, ...wanted } = step.expect ?? {};
      const isExpected = mismatch(substitute(wanted, this.variables), answer) === undefined;
      if (isExpected || performance.now() >= end) return answer;
      await delay(20);
    }
  }

  private async invite(step: Step): Promise<ClientAnswer> {
    const invite = substitute(step.federation_invite ?? { sender: '', target: '', room_id: '' }, this.variables);
    const { method, path, body, authorization } = await this.server.federationInvite(invite);
    return await send(this.server.baseUrl, { method, path, body, headers: { Authorization: authorization } });
  }

  private async callApi(step: Step, call: readonly [string, ...Json[]]): Promise<JsonRecord> {
    const actor = this.theatre.actors.get(step.module ?? '');
    if (actor === undefined) throw new Error(`module ${String(step.module)} is not there`);
    try {
      const result = await actor.callApi(
        substitute(call, this.variables),
        substitute(step.kwargs ?? {}, this.variables),
      );
      return { result: result as Json };
    } catch (error) {
      return { raises: encodeError(error) };
    }
  }

  private async request(step: Step): Promise<ClientAnswer> {
    const { variables } = this;
    const [method, path, body] = substitute(step.request ?? ['GET', '/'], variables);
    const token = typeof step.as === 'string' ? variables.get(`${step.as}.token`) : undefined;
    return await send(this.server.baseUrl, {
      method,
      path,
      ...(body === undefined ? {} : { body }),
      ...(typeof token === 'string' ? { token } : {}),
      ...(step.headers === undefined ? {} : { headers: substitute(step.headers, variables) }),
      ...(step.raw === undefined ? {} : { raw: substitute(step.raw, variables) }),
      ...(step.timeout_ms === undefined ? {} : { timeoutMs: step.timeout_ms }),
    });
  }

  private save(step: Step, from: Json): void {
    for (const [name, path] of Object.entries(step.save ?? {})) {
      const value = valueAt(from, substitute(path, this.variables));
      this.variables.set(name, value === MISSING ? '' : value);
      if (typeof value === 'string' && value.startsWith('mxc://')) this.variables.set(`${name}.path`, value.slice(6));
    }
  }

  private answerMismatch(expect: JsonRecord, answer: JsonRecord, index: number): string | undefined {
    const { exact, ...members } = expect;
    const wanted = this.setOrder.ofValue(substitute(members, this.variables));
    const { raises } = wanted;
    const mapped = isRecord(raises) ? { ...wanted, raises: expectedRaise(raises, answer['raises']) } : wanted;
    const problem = mismatch(mapped, this.setOrder.ofValue(answer), `step ${index}`);
    if (problem !== undefined) return `${problem} (answer: ${JSON.stringify(answer).slice(0, 600)})`;
    if (exact !== true) return undefined;
    const names = [wanted['body'], answer['body']].map((body) => (isRecord(body) ? Object.keys(body).sort() : []));
    const [want, have] = names.map((list) => list.join(', '));
    return want === have ? undefined : `step ${index}.body: members ${String(have)} are not ${String(want)}`;
  }

  /** Waits until the calls listed for the steps so far have arrived, and nothing more is to come. */
  private async awaitCalls(index: number): Promise<void> {
    const { test, theatre } = this;
    const isExact = (test.calls_match ?? 'exact') === 'exact';
    // Calls that are listed in order are waited for below.
    await this.quiet(isExact ? shortQuietMs : (test.settle_ms ?? usualQuietMs));
    if (test.calls === undefined || test.calls_match === 'ignore' || this.problems.length > 0) return;
    const due = test.calls.filter((call) => (call.step ?? 0) <= index);
    const hasAll = (): boolean => {
      const seen = listedCalls(test, theatre.calls);
      return isExact
        ? seen.length >= due.length
        : due.every((call) => seen.some((one) => one.callback === call.callback));
    };
    // Calls of a later moment, without order: the last step waits for them all.
    const isLast = index === (test.steps ?? []).length - 1;
    if (isExact || isLast) await theatre.awaitCalls(hasAll, patienceMs);
    await this.quiet(0);
  }

  /** Waits until nothing runs in the background, unless a callback never returns. */
  private async quiet(quietMs: number): Promise<void> {
    await this.theatre.settled();
    if (this.theatre.stuck > 0) return;
    const waiting = new AbortController();
    await Promise.race([
      this.server.idle(quietMs),
      delay(patienceMs, undefined, { signal: waiting.signal, ref: false }).catch(() => {}),
    ]);
    waiting.abort();
    await this.theatre.settled();
  }
}
