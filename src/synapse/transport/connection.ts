import { failureOf } from '../../errors/failure.js';
import type { Readable, Writable } from 'node:stream';
import { VesicleError } from '../../errors/vesicle-error.js';
import { withTimeout } from '../../dispatch/with-timeout.js';
import type { Logger } from '../../log/logger.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import { sayOf } from '../../matrix/json-fault.js';
import { answering, currentCall } from './current-call.js';
import { IncomingCall } from './incoming-call.js';
import { FrameReader, writeFrames } from './frames.js';
import type { AnswerOf, ParamsOf } from '../protocol/message.js';
import { PulseWatch } from './pulse-watch.js';
import { limits, type messages, type NoticeName, type RequestName } from '../protocol/protocol.js';
import { shape, textOf, wrongValue } from '../protocol/untrusted-values.js';
import { decodeWire, encodeWire, hasMarks } from '../protocol/wire-codec.js';
import { decodeError, encodeError } from '../protocol/wire-errors.js';

/** What answers the other side. */
export interface Answerer {
  /** The answer to a request; undefined stands for null. Throws `VesicleError` `SYNAPSE_PROTOCOL_BROKEN` for nonsense. */
  readonly answer: (method: string, params: JsonObject, call: IncomingCall) => unknown;
  readonly notice: (method: string, params: JsonObject) => void;
  /** Who is asked what, for a message about an answer that cannot be sent. */
  readonly placeOf: (method: string, params: JsonObject) => string;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Bytes that may wait to be sent before log lines are left out, and before the connection is given up. */
const clogged = 1_048_576;
const hopeless = 4 * limits.frame;
/** Milliseconds that a closing connection has to send what waits. */
const lingerMs = 1_000;

/**
 * One connection to a bridge: requests and notices both ways, any number in flight. Everything sent within one turn of the
 * event loop is written at once.
 */
export class Connection {
  /** Bytes that a frame of the other side may have. */
  frameLimit = limits.frame as number;
  /** The other side has said who it is: it may be shown the stacks of errors. */
  isTrusted = false;
  /** Resolves when the connection has ended, with the reason. */
  readonly closed: Promise<string>;
  private ignored = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly incoming = new Map<number, IncomingCall>();
  private readonly pulse: PulseWatch;
  private lastId = 0;
  private frames: string[] = [];
  private state: 'open' | 'closing' | 'closed' = 'open';
  private end: (reason: string) => void = () => undefined;
  private readonly whenIdle: (() => void)[] = [];

  constructor(
    private readonly input: Readable,
    private readonly output: Writable,
    private readonly answerer: Answerer,
    private readonly log: Logger,
  ) {
    this.closed = new Promise((resolve) => {
      this.end = resolve;
    });
    this.pulse = new PulseWatch(() => this.request('ping', {}), log);
    const reader = new FrameReader(
      () => this.frameLimit,
      (frame, bytes) => {
        this.receive(frame, bytes);
      },
    );
    input.on('data', (piece: Buffer) => {
      this.guard(() => {
        reader.push(piece);
      });
    });
    const gone = (): void => {
      this.finish('the bridge closed the connection');
    };
    input.on('end', gone).on('close', gone);
    output.on('close', gone);
    const failed = (error: Error): void => {
      this.finish(error.message);
    };
    input.on('error', failed);
    if (output !== (input as unknown)) output.on('error', failed);
  }

  /** Whether anything sent would arrive. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** So much waits to be sent that what nobody waits for had better not join. */
  get isClogged(): boolean {
    return this.output.writableLength > clogged;
  }

  /** Asks the other side, now and then, whether it is there. */
  watch(): void {
    if (this.isOpen) this.pulse.start();
  }

  /** Asks Synapse. */
  request<Name extends RequestName>(
    name: Name,
    params: ParamsOf<(typeof messages)[Name]>,
  ): Promise<AnswerOf<(typeof messages)[Name]>> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) {
        reject(new VesicleError('SYNAPSE_CONNECTION_LOST', { reason: name }));
        return;
      }
      // What cannot be sent, or is too long, rejects.
      const text = encodeWire(params, subjectOf(name, params));
      const id = ++this.lastId;
      const frame = checked(`{"id":${id},"method":"${name}","params":${text}}`);
      this.pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.send(frame);
    });
  }

  /** What tells Synapse which of its requests something is asked for: the one that is being answered, if any. */
  currentCall(): { readonly call?: number } {
    const id = currentCall(this);
    return id !== undefined && this.incoming.has(id) ? { call: id } : {};
  }

  /** Tells Synapse. */
  notify<Name extends NoticeName>(name: Name, params: ParamsOf<(typeof messages)[Name]>): void {
    if (!this.isOpen) return;
    const frame = `{"method":"${name}","params":${encodeWire(params, name)}}`;
    if (!isTooLong(frame)) this.send(frame);
  }

  /** Sends what waits, says why, and ends the connection. */
  close(reason: string): void {
    if (this.state !== 'open') return;
    this.notify('bye', { reason });
    this.state = 'closing';
    this.flush();
    this.pulse.stop();
    const timer = setTimeout(() => {
      this.finish(reason);
    }, lingerMs).unref();
    this.output.end(() => {
      clearTimeout(timer);
      this.finish(reason);
    });
  }

  /** Resolves when no request of the other side is being answered, or after so many milliseconds. */
  async idle(limitMs: number): Promise<void> {
    if (this.incoming.size === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.whenIdle.push(resolve);
    });
    await withTimeout(idle, limitMs);
  }

  private receive(text: string, bytes?: Uint8Array): void {
    if (this.state !== 'open') return;
    const frame = parseFrame(text);
    if (frame.method === undefined) this.settle(frame, bytes);
    else if (frame.id === undefined) this.hear(frame.method, frame);
    else void this.serve(frame.id, frame.method, frame);
  }

  /** Whatever the answer holds, its request is settled. */
  private settle({ id, result, error, isMarked }: Frame, bytes: Uint8Array | undefined): void {
    const pending = id === undefined ? undefined : this.pending.get(id);
    if (id === undefined || pending === undefined) {
      this.ignore(this.wrong(`an answer to request ${String(id)}, which was not made`));
      return;
    }
    this.pending.delete(id);
    try {
      if (error !== undefined) pending.reject(decodeError(isMarked ? decodeWire(error) : error, this));
      else if (bytes !== undefined) pending.resolve({ ...shape<object>(result), data: bytes });
      else pending.resolve(isMarked ? decodeWire(result) : result);
    } catch (failure) {
      pending.reject(
        failure instanceof VesicleError ? failure : wrongValue(`an answer that fails (${sayOf(failure)})`),
      );
    }
  }

  /** A notice is nobody's call: when it cannot be understood, nothing else may be lost with it. */
  private hear(method: string, notice: Frame): void {
    try {
      this.take(method, this.paramsOf(notice));
    } catch (error) {
      this.ignore(error);
    }
  }

  private ignore(error: unknown): void {
    if (error instanceof ProtocolBroken) throw error;
    this.ignored++;
    // As many lines as digits, however many come.
    if (/^10*$/.test(String(this.ignored))) {
      this.log.warn(`A message of the bridge is ignored (number ${this.ignored}): ${sayOf(error)}`);
    }
  }

  /** A peer that has not said who it is may make no mistake. */
  private wrong(what: string): VesicleError {
    return this.isTrusted ? wrongValue(what) : broken(`it sent ${what}`);
  }

  private paramsOf({ method = '', params, isMarked }: Frame): JsonObject {
    if (!isJsonObject(params)) throw this.wrong(`${method} with params that are not an object`);
    return isMarked ? (decodeWire(params) as JsonObject) : params;
  }

  private take(method: string, params: JsonObject): void {
    switch (method) {
      case 'cancel':
        this.cancel(params['id']);
        return;
      case 'bye':
        this.finish(`the bridge said goodbye: ${textOf(params['reason'])}`);
        return;
      default:
        this.answerer.notice(method, params);
    }
  }

  private cancel(id: unknown): void {
    const call = typeof id === 'number' ? this.incoming.get(id) : undefined;
    if (call === undefined) return;
    this.forget(id as number);
    call.end('cancelled');
  }

  private async serve(id: number, method: string, request: Frame): Promise<void> {
    if (this.incoming.has(id)) {
      this.fail(broken(`it made a second request ${id} while the first is being answered`));
      return;
    }
    const call = new IncomingCall();
    this.incoming.set(id, call);
    let frame: string;
    try {
      frame = await this.answerTo(id, method, request, call);
    } catch (error) {
      if (error instanceof ProtocolBroken) this.fail(error);
      frame = this.errorFrame(id, this.placeOf(method, request), error);
    }
    call.end('answered');
    if (this.incoming.get(id) !== call) return;
    this.forget(id);
    this.send(frame);
  }

  private async answerTo(id: number, method: string, request: Frame, call: IncomingCall): Promise<string> {
    const params = this.paramsOf(request);
    const result: unknown =
      method === 'ping' ? null : await answering(this, id, () => this.answerer.answer(method, params, call));
    if (result === null || result === undefined) return `{"id":${id},"result":null}`;
    try {
      return checked(`{"id":${id},"result":${encodeWire(result, 'The answer')}}`);
    } catch (error) {
      this.log.error(`${this.placeOf(method, request)}: ${sayOf(error)}`);
      throw error;
    }
  }

  /** What a module threw may hold anything: what cannot be sent becomes an error that says so. */
  private errorFrame(id: number, place: string, error: unknown): string {
    const told = encodeError(error, { owner: this, mayShowStack: this.isTrusted });
    try {
      return checked(`{"id":${id},"error":${encodeWire(told, 'An error')}}`);
    } catch (failure) {
      const message = `An error that cannot be sent to Synapse: ${sayOf(failure).slice(0, longestFault)}`;
      this.log.error(`${place} threw an error that cannot be sent: ${sayOf(failure)}`);
      return `{"id":${id},"error":${JSON.stringify({ type: 'Error', message })}}`;
    }
  }

  private placeOf(method: string, { params }: Frame): string {
    return isJsonObject(params) ? this.answerer.placeOf(method, params) : `A request ${method}`;
  }

  private forget(id: number): void {
    this.incoming.delete(id);
    if (this.incoming.size === 0) for (const tell of this.whenIdle.splice(0)) tell();
  }

  private send(frame: string): void {
    if (this.state !== 'open') return;
    const isFirst = this.frames.push(frame) === 1;
    if (this.incoming.size === 0) this.flush();
    // After everything else that is asked in this turn of the event loop.
    else if (isFirst) setImmediate(this.flush);
  }

  private readonly flush = (): void => {
    const { frames } = this;
    if (frames.length === 0 || this.state === 'closed') return;
    this.frames = [];
    writeFrames(this.output, frames);
    if (this.output.writableLength > hopeless) this.fail(broken('it does not read what it is sent'));
  };

  /** What a frame of the other side makes go wrong ends the connection, not the process. */
  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (this.state === 'closed') return;
    const isExpected = error instanceof VesicleError;
    this.log.error(isExpected ? error.message : 'The connection failed', isExpected ? {} : { err: error });
    this.finish(failureOf(error).message);
  }

  private finish(reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.pulse.stop();
    this.frames = [];
    this.input.destroy();
    this.output.destroy();
    for (const call of this.incoming.values()) call.end('cancelled');
    this.incoming.clear();
    for (const tell of this.whenIdle.splice(0)) tell();
    for (const { reject } of this.pending.values()) reject(new VesicleError('SYNAPSE_CONNECTION_LOST', { reason }));
    this.pending.clear();
    this.end(reason);
  }
}

interface Frame {
  readonly id: number | undefined;
  readonly method: string | undefined;
  readonly params: unknown;
  readonly result: unknown;
  readonly error: unknown;
  /** It holds values that JSON has no form for, not made yet. */
  readonly isMarked: boolean;
}

const noParams: JsonObject = {};

function parseFrame(text: string): Frame {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw broken('it sent a frame that is not a JSON object');
  const { id, method, params = noParams, result, error } = value;
  if (id !== undefined && !Number.isSafeInteger(id)) throw broken('it sent a frame whose id is not an integer');
  if (method !== undefined && typeof method !== 'string') throw broken('it sent a frame whose method is not a string');
  if (method === undefined && id === undefined) throw broken('it sent a frame with neither id nor method');
  return { id: id as number | undefined, method, params, result, error, isMarked: hasMarks(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolBroken('it sent a frame that is not JSON', { cause: error });
  }
}

/** Characters of a fault that its message shows. */
const longestFault = 500;

/** What a request is about, for messages: calls of `ModuleApi` by their names. */
function subjectOf(name: string, params: object): string {
  return `A value of ${name === 'api.call' && 'method' in params ? String(params.method) : name}`;
}

function checked(frame: string): string {
  if (isTooLong(frame)) throw tooLong(frame);
  return frame;
}

/** A string of UTF-16 has at most three bytes of UTF-8 for each unit. */
function isTooLong(frame: string): boolean {
  return frame.length * 3 > limits.frame && Buffer.byteLength(frame) > limits.frame;
}

function tooLong(frame: string): VesicleError {
  return new VesicleError('SYNAPSE_FRAME_TOO_LONG', { length: Buffer.byteLength(frame), limit: limits.frame });
}

/** What ends a connection, however it came about. */
class ProtocolBroken extends VesicleError {
  constructor(what: string, options?: ErrorOptions) {
    super('SYNAPSE_PROTOCOL_BROKEN', { reason: what }, options);
  }
}

/** Something that no bridge of the same version says: it ends the connection. */
export function broken(what: string): VesicleError {
  return new ProtocolBroken(what);
}
