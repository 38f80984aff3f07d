import { type CallbackCategory, findRule } from '../../callbacks/registry.js';
import type { AnyHandler, Rule } from '../../callbacks/rule.js';
import type { Dispatcher } from '../../dispatch/dispatcher.js';
import { type ArgumentDecoder, argumentDecoders } from '../codecs/argument-codecs.js';
import { wrongValue } from '../protocol/untrusted-values.js';
import type { Connection } from '../transport/connection.js';
import type { IncomingCall } from '../transport/incoming-call.js';
import { LiveJson } from '../transport/live-json.js';
import { type GivenHandles, type ResultEncoder, resultEncoders } from '../codecs/result-codecs.js';

type Ask = (...args: readonly unknown[]) => Promise<unknown>;

/** One callback, from the arguments on the wire to the answer on the wire. */
class Invoker {
  private readonly decoders: readonly ArgumentDecoder[];
  private readonly encode: ResultEncoder;
  private readonly live: readonly number[];

  constructor(
    rule: Rule<AnyHandler, unknown>,
    private readonly ask: Ask,
    private readonly handles: GivenHandles,
  ) {
    const kinds = Object.values(rule.args);
    this.decoders = kinds.map((kind) => argumentDecoders[kind]);
    this.encode = resultEncoders[rule.result];
    this.live = kinds.flatMap((kind, index) => (kind === 'live_json' ? [index] : []));
  }

  async invoke(given: readonly unknown[], connection: Connection, call: IncomingCall): Promise<unknown> {
    if (given.length !== this.decoders.length)
      throw wrongValue(`${given.length} arguments where ${this.decoders.length} are expected`);
    const args = this.decoders.map((decode, index) => decode(given[index], connection, call));
    if (this.live.length > 0) return await this.askLive(args);
    return this.encode(await this.ask(...args), this.handles);
  }

  private async askLive(args: readonly unknown[]): Promise<unknown> {
    const live = new LiveJson(args, this.live);
    const result = this.encode(await this.ask(...args), this.handles) ?? null;
    const changed = live.changed();
    return changed === undefined ? result : { result, changed };
  }
}

/** All callbacks of one Synapse process. */
export class CallbackInvoker {
  private readonly invokers = new Map<string, Invoker>();

  constructor(
    private readonly dispatch: Dispatcher,
    private readonly handles: GivenHandles,
    private readonly connection: Connection,
  ) {}

  /** Asks the modules; answers with what travels. */
  invoke(name: string, args: readonly unknown[], call: IncomingCall): Promise<unknown> {
    let invoker = this.invokers.get(name);
    if (invoker === undefined) {
      invoker = this.make(name);
      this.invokers.set(name, invoker);
    }
    return invoker.invoke(args, this.connection, call);
  }

  private make(callback: string): Invoker {
    const dot = callback.indexOf('.');
    const [category, name] = [callback.slice(0, dot), callback.slice(dot + 1)];
    const rule = findRule(category, name);
    if (rule === undefined) throw wrongValue(`${callback}, which is not a callback`);
    const hook = this.dispatch.hook(category as CallbackCategory, name as never) as unknown as { readonly ask: Ask };
    return new Invoker(rule, hook.ask, this.handles);
  }
}
