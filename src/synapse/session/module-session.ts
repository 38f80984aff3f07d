import { createHash, timingSafeEqual } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { VesicleError } from '../../errors/vesicle-error.js';
import type { LoadedModule } from '../../container/running-modules.js';
import { type HomeserverProcess, runsOn } from '../../container/run-on.js';
import type { ComplaintLog } from './complaint-log.js';
import type { HostContainer } from '../../container/host-container.js';
import type { Logger } from '../../log/logger.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';
import type { AnswerOf } from '../protocol/message.js';
import { answerRequest, type RequestHandlers, takeNotice } from '../protocol/received-messages.js';
import { textOf } from '../protocol/untrusted-values.js';
import { broken, Connection } from '../transport/connection.js';
import type { IncomingCall } from '../transport/incoming-call.js';
import { SessionState } from '../protocol/link-states.js';
import { loadOverWire, type ModuleSources } from './module-loading.js';
import { ProcessModules, type ProcessParts } from './process-modules.js';
import { limits, type messages, protocolVersion } from '../protocol/protocol.js';
import { SynapseLog } from './synapse-log.js';
import type { WireHomeserver } from '../protocol/wire-values.js';

/** What all sessions of a host share. */
export interface SessionOptions extends ModuleSources {
  readonly log: Logger;
  /** What a bridge must know, if anything. */
  readonly token?: string;
  /** The version of this package. */
  readonly version: string;
  /** Told of the modules of each process that has connected, once they run, and of the log of that process. */
  readonly onOpen?: (parts: ProcessParts, log: Logger) => void;
  /** The container above the modules of a homeserver, for all of its processes. */
  readonly containerOf: (serverName: string) => HostContainer;
  readonly complaints: ComplaintLog;
}

/** Bytes that a frame may have before the other side has said who it is. */
const greetingLimit = 65_536;
/** Milliseconds that it has for that. */
const greetingMs = 10_000;
/** Milliseconds that calls in flight have to end when the host stops. */
const graceMs = 10_000;

/** What one connected Synapse process is given: its modules, from `hello` to the end of the connection. */
export class ModuleSession {
  /** Resolves when the connection has ended and its modules are closed. */
  readonly ended: Promise<void>;
  private readonly connection: Connection;
  private readonly state = new SessionState();
  private modules: readonly LoadedModule[] = [];
  private process: ProcessModules | undefined;
  private opening: Promise<unknown> = Promise.resolve();
  private log: Logger;
  private refusal: VesicleError | undefined;
  private readonly greeting: NodeJS.Timeout;
  private readonly unwanted = new AbortController();
  private readonly requests: RequestHandlers<IncomingCall> = {
    hello: (params) => this.greet(params),
    'modules.load': ({ modules }) => this.load(modules),
    'modules.open': (homeserver) => this.start(homeserver),
    'callback.invoke': ({ callback, args }, call) => this.running().invoke(callback, args, call),
    'function.call': (params) => this.running().held.callFunction(params.function, params.response),
    'slot.enter': ({ slot }) => this.running().held.enterSlot(slot),
    'slot.exit': ({ slot, error }) => this.running().held.leaveSlot(slot, error),
    'web.request': ({ request }, call) => this.running().webRequests.answer(request, call),
    'web.read': ({ request }) => this.running().webRequests.read(request),
    'db.run': ({ transaction }) => this.running().runTransaction(transaction),
  };

  constructor(
    input: Readable,
    output: Writable,
    peer: string,
    private readonly options: SessionOptions,
  ) {
    this.log = options.log.child({ synapse: peer });
    this.connection = new Connection(input, output, this, this.log);
    this.connection.frameLimit = greetingLimit;
    this.greeting = setTimeout(() => {
      this.log.warn('The connection was closed: nobody said hello.');
      this.connection.close('no hello');
    }, greetingMs).unref();
    this.ended = this.connection.closed.then(async (reason) => {
      clearTimeout(this.greeting);
      await this.end(reason);
    });
  }

  /** Answers a request of the bridge. */
  readonly answer = (method: string, params: JsonObject, call: IncomingCall): unknown => {
    const judgement = this.state.judge(method);
    if (judgement !== 'answer') throw this.refusalOf(method, judgement);
    return answerRequest(this.requests, method, params, call);
  };

  /** Who is asked what, for messages. */
  readonly placeOf = (method: string, params: JsonObject): string =>
    method === 'callback.invoke' && this.process !== undefined
      ? this.process.placeOf(params['callback'])
      : `A request ${method}`;

  /** Takes a notice of the bridge. */
  readonly notice = (method: string, params: JsonObject): void => {
    const judgement = this.state.judgeNotice();
    if (judgement === 'close') throw this.refusalOf(method, judgement);
    if (judgement === 'answer' && this.process !== undefined) takeNotice(this.process.notices, method, params);
  };

  /** Lets calls in flight end, then ends the connection and the modules. */
  async close(reason: string): Promise<void> {
    await this.connection.idle(graceMs);
    this.connection.close(reason);
    await this.ended;
  }

  private greet(params: JsonObject): AnswerOf<(typeof messages)['hello']> {
    const { protocol, token, bridge, synapse } = params;
    if (this.options.token !== undefined && !isSame(this.options.token, token)) {
      return this.refuse(new VesicleError('SYNAPSE_TOKEN_WRONG', { message: 'hello' }));
    }
    if (protocol !== protocolVersion) {
      const theirs = { bridgeProtocol: textOf(protocol), bridge: textOf(bridge) };
      const ours = { protocol: protocolVersion, version: this.options.version };
      return this.refuse(new VesicleError('SYNAPSE_VERSION_MISMATCH', { ...theirs, ...ours }));
    }
    clearTimeout(this.greeting);
    this.state.take('greeted');
    this.connection.frameLimit = limits.frame;
    this.connection.isTrusted = true;
    this.log.debug(`Synapse ${textOf(synapse)} connected`);
    return { protocol: protocolVersion, vesicle: this.options.version, node: process.versions.node };
  }

  private refuse(error: VesicleError): never {
    this.refusal = error;
    this.state.take('refused');
    this.log.error(error.message);
    setImmediate(() => {
      this.connection.close(error.message);
    });
    throw error;
  }

  /** Why a message is not answered in this state; `SYNAPSE_PROTOCOL_BROKEN` closes the connection. */
  private refusalOf(method: string, judgement: 'close' | 'refuse'): VesicleError {
    if (this.refusal !== undefined) return this.refusal;
    const { name } = this.state;
    return judgement === 'close'
      ? broken(`it sent ${method} while the connection is "${name}"`)
      : new VesicleError('SYNAPSE_NOT_OPEN', { message: method, state: name });
  }

  private async load(entries: JsonValue): Promise<AnswerOf<(typeof messages)['modules.load']>> {
    this.state.take('load');
    try {
      const { modules, problems } = await loadOverWire(entries, this.options, this.log);
      this.options.complaints.problems(problems);
      this.modules = modules;
      this.state.take('loaded');
      return { problems, modules: modules.map(({ name }) => name) };
    } catch (error) {
      this.state.take('failed');
      throw error;
    }
  }

  private async start(homeserver: WireHomeserver): Promise<AnswerOf<(typeof messages)['modules.open']>> {
    this.state.take('open');
    const { connection } = this;
    const own = this.options.log.child({ synapse: homeserver.worker_name ?? 'main' });
    this.log = own;
    const container = this.options.containerOf(homeserver.server_name);
    const process = new ProcessModules(homeserver, connection, new SynapseLog(own, connection), container);
    this.process = process;
    const modules = this.modules.filter(({ type }) => runsOn(type, processOf(homeserver)));
    const opened = process.open(modules, this.unwanted.signal);
    this.opening = opened.catch(() => {
      this.state.take('failed');
    });
    const registered = await opened;
    // The connection may have ended meanwhile.
    if (!this.state.take('opened'))
      throw new VesicleError('SYNAPSE_NOT_OPEN', { message: 'modules.open', state: this.state.name });
    connection.watch();
    own.info(
      `Synapse ${homeserver.synapse_version} uses ${modules.map(({ name }) => name).join(', ') || 'no modules'}`,
    );
    this.options.onOpen?.(process.parts(), own);
    return registered;
  }

  private running(): ProcessModules {
    if (this.process === undefined) throw broken('it asked before the modules were open');
    return this.process;
  }

  private async end(reason: string): Promise<void> {
    this.state.take('closed');
    this.unwanted.abort();
    await this.opening;
    if (this.process === undefined) return;
    await this.process.close();
    this.log.info(`The connection ended: ${reason}`);
  }
}

function processOf({
  worker_name: workerName,
  run_background_tasks: runsBackgroundTasks,
}: WireHomeserver): HomeserverProcess {
  return { workerName, runsBackgroundTasks };
}

/** Compares in a time that says nothing of where the difference is. */
function isSame(expected: string, given: unknown): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(expected), digest(typeof given === 'string' ? given : ''));
}
