import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { parseJsonObject } from '../../../matrix/untrusted-json.js';
import type { RequesterOptions } from '../../users/requester-options.js';
import { bodyPieces, readBody } from './request-body.js';
import type { Call } from './route.js';

/** What a request says of its sender. */
interface Credentials {
  /** The header `Authorization`. */
  readonly authorization?: string;
  /** The query parameter `access_token`. */
  readonly accessToken: string | null;
  /** The query parameter `user_id`, by which an application service acts for a user. */
  readonly userIdParam: string | null;
  readonly ip: string;
  readonly userAgent: string | null;
}

/** Finds the requester behind credentials, or throws 401 or 403. */
export type Authenticate = (credentials: Credentials, options?: RequesterOptions) => Promise<Requester>;

/** Where a request came from. */
export interface Peer {
  readonly ip: string;
  /** The request as node's server got it; absent for requests made in process. */
  readonly incoming?: IncomingMessage;
  /** The target as it stood in the request line; absent for requests made in process. */
  readonly target?: string;
}

/** What calls need of their server. */
export interface CallHost {
  readonly authenticate: Authenticate;
  /** Bytes. */
  readonly maxBodySize: number;
  /** Aborted when the server closes: long polls end. */
  readonly closing: AbortSignal;
}

/** A {@link Call} that works out its members when they are asked for: most endpoints need few. */
export class HttpCall implements Call {
  private parsedQuery: URLSearchParams | undefined;
  private readBytes: Promise<Uint8Array> | undefined;

  constructor(
    private readonly host: CallHost,
    private readonly peer: Peer,
    readonly request: Request,
    readonly params: Readonly<Record<string, string>>,
    private readonly search: string,
  ) {}

  get method(): string {
    return this.request.method;
  }

  get query(): URLSearchParams {
    return (this.parsedQuery ??= new URLSearchParams(this.search));
  }

  get ip(): string {
    return this.peer.ip;
  }

  get userAgent(): string | null {
    return this.request.headers.get('user-agent');
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.request.signal, this.host.closing]);
  }

  readonly header = (name: string): string | undefined => this.request.headers.get(name) ?? undefined;

  readonly bytes = (): Promise<Uint8Array> =>
    (this.readBytes ??= readBody(this.request, this.peer.incoming, this.host.maxBodySize));

  readonly pieces = (): AsyncIterable<Uint8Array> => {
    if (this.readBytes !== undefined) return onePiece(this.readBytes);
    return bodyPieces(this.request, this.peer.incoming, this.host.maxBodySize);
  };

  readonly json = async (options: { readonly allowEmpty?: boolean } = {}): Promise<JsonObject> =>
    parseJsonObject(await this.bytes(), options);

  readonly requester = (options?: RequesterOptions): Promise<Requester> => {
    const authorization = this.header('authorization');
    const credentials: Credentials = {
      ...(authorization !== undefined && { authorization }),
      accessToken: this.search === '' ? null : this.query.get('access_token'),
      userIdParam: this.search === '' ? null : this.query.get('user_id'),
      ip: this.peer.ip,
      userAgent: this.userAgent,
    };
    return this.host.authenticate(credentials, options);
  };
}

async function* onePiece(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield await bytes;
}
