import { VesicleError } from '../../errors/vesicle-error.js';
import { noSuchResource } from '../../web/error-answers.js';
import { pathOfTarget, rootedTarget } from '../../web/request-target.js';
import type { WebResources } from '../../web/web-resources.js';
import { wholeBodyOf } from '../../web/whole-body.js';
import { limits } from '../protocol/protocol.js';
import type { Connection } from '../transport/connection.js';
import { IncomingCall } from '../transport/incoming-call.js';
import { PulledResponse, type ResponsePiece } from './pulled-response.js';
import { makeRequest } from '../codecs/remote-request.js';
import type { Handle, WireRequest, WireResponse } from '../protocol/wire-values.js';

/** One request that is being answered. */
interface Served {
  /** Ends when the client has everything or is gone: until then the request's body can be read. */
  readonly life: IncomingCall;
  readonly abort: AbortController;
  response?: PulledResponse;
}

/** Requests to the web resources of the modules, which Synapse's listener passes on. */
export class WebRequests {
  private readonly served = new Map<Handle, Served>();

  constructor(
    private readonly web: WebResources,
    private readonly connection: Connection,
  ) {}

  /** Answers when the status is known. */
  async answer(wire: WireRequest, call: IncomingCall): Promise<WireResponse> {
    const served: Served = { life: new IncomingCall(), abort: new AbortController() };
    this.served.set(wire.request, served);
    call.onCancel(() => {
      this.gone(wire.request);
    });
    const request = makeRequest(wire, this.connection, served.life, served.abort.signal);
    const pathname = pathOfTarget(rootedTarget(wire.uri));
    const response = (await this.web.handle(request, pathname, { ip: wire.ip })) ?? noSuchResource();
    return await this.begin(wire.request, served, response);
  }

  /** The next piece of a response. */
  async read(handle: Handle): Promise<ResponsePiece> {
    const response = this.served.get(handle)?.response;
    if (response === undefined) throw new VesicleError('SYNAPSE_HANDLE_ENDED', { what: 'A response' });
    const piece = await response.read();
    if (piece.end) this.finish(handle);
    return piece;
  }

  /** The client closed the connection. */
  gone(handle: Handle): void {
    const served = this.served.get(handle);
    if (served === undefined) return;
    this.finish(handle);
    served.abort.abort();
    served.response?.cancel();
  }

  /** Aborts everything. */
  close(): void {
    for (const handle of [...this.served.keys()]) this.gone(handle);
  }

  private async begin(handle: Handle, served: Served, response: Response): Promise<WireResponse> {
    const head = { status: response.status, headers: [...response.headers] };
    const known = wholeBodyOf(response);
    if (response.body === null || (known !== undefined && known.byteLength <= limits.chunk)) {
      this.finish(handle);
      return { ...head, body: Buffer.from(known ?? '').toString('base64') };
    }
    if (known !== undefined) head.headers.push(['content-length', String(known.byteLength)]);
    const pulled = new PulledResponse(response.body.getReader());
    served.response = pulled;
    if (served.abort.signal.aborted) pulled.cancel();
    const whole = await pulled.whole();
    if (whole === undefined) return head;
    this.finish(handle);
    return { ...head, body: whole.toString('base64') };
  }

  private finish(handle: Handle): void {
    this.served.get(handle)?.life.end('answered');
    this.served.delete(handle);
  }
}
