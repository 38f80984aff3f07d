import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import type { JsonValue } from '../../../matrix/json.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { OpenFile } from '../../media/media-files.js';
import type { MediaRepository } from '../../media/media-repository.js';
import { ANIMATED_TYPE, thumbnailTypes } from '../../media/thumbnailer.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { LocalMedia, Thumbnail } from '../../store/media-store.js';
import { cacheHeaders, downloadHeaders, fileHeaders, mediaHeaders } from './media-headers.js';
import { queryBoolean, queryInteger, queryString, requiredQueryInteger } from '../server/query.js';
import { pathOf, unrecognized } from '../server/responses.js';
import { type Answer, type Call, JsonAnswer, type Route } from '../server/route.js';

type Headers = Readonly<Record<string, string>>;

/** What the media endpoints work with. */
export interface MediaRoutesDependencies {
  readonly context: HomeserverContext;
  readonly media: MediaRepository;
  readonly limiters: RateLimiters;
  readonly isAdmin: (userId: UserId) => boolean;
}

const LEGACY = ['r0', 'v3', 'v1'];
const MAX_WAIT = 60_000;
const USUAL_WAIT = 20_000;

/** The endpoints of the media repository (`rest/media/`, `rest/client/media.py`). */
export function mediaRoutes(dependencies: MediaRoutesDependencies): Route[] {
  const endpoints = new MediaEndpoints(dependencies);
  const legacy = (path: string): string[] => LEGACY.map((version) => `/_matrix/media/${version}${path}`);
  const download = ['/download/:serverName/:mediaId', '/download/:serverName/:mediaId/:fileName'];
  const thumbnail = '/thumbnail/:serverName/:mediaId';
  const client = '/_matrix/client/v1/media';
  return [
    { method: 'POST', paths: legacy('/upload'), handle: endpoints.upload },
    { method: 'POST', paths: ['/_matrix/media/v1/create'], handle: endpoints.create },
    { method: 'PUT', paths: ['/_matrix/media/v3/upload/:serverName/:mediaId'], handle: endpoints.uploadTo },
    { method: 'GET', paths: [...legacy('/config'), `${client}/config`], handle: endpoints.config },
    { method: 'GET', paths: [`${client}/preview_url`], handle: endpoints.preview },
    { method: 'GET', paths: download.map((path) => client + path), handle: endpoints.download },
    { method: 'GET', paths: download.flatMap(legacy), handle: endpoints.legacyDownload },
    { method: 'GET', paths: [client + thumbnail], handle: endpoints.thumbnail },
    { method: 'GET', paths: legacy(thumbnail), handle: endpoints.legacyThumbnail },
  ];
}

class MediaEndpoints {
  private readonly uploading = new Set<string>();

  constructor(private readonly dependencies: MediaRoutesDependencies) {}

  readonly upload = async (call: Call): Promise<Answer> => {
    const { userId } = await call.requester();
    const upload = await this.readUpload(call, userId);
    return { content_uri: await this.dependencies.media.upload(userId, upload) };
  };

  readonly create = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    await this.dependencies.limiters.mediaCreate.check(requester);
    const { uri, expiresAt } = this.dependencies.media.createId(requester.userId);
    return { content_uri: uri, unused_expires_at: expiresAt };
  };

  readonly uploadTo = async (call: Call): Promise<Answer> => {
    const { userId } = await call.requester();
    const mediaId = param(call, 'mediaId');
    if (param(call, 'serverName') !== this.dependencies.context.serverName) {
      throw new SynapseError(404, 'Non-local server name specified', Codes.NOT_FOUND);
    }
    if (this.uploading.has(mediaId)) {
      throw new SynapseError(409, 'Media ID cannot be overwritten', Codes.CANNOT_OVERWRITE_MEDIA);
    }
    this.uploading.add(mediaId);
    try {
      this.dependencies.media.checkMayUpload(mediaId, userId);
      await this.dependencies.media.upload(userId, await this.readUpload(call, userId), mediaId);
    } finally {
      this.uploading.delete(mediaId);
    }
    return {};
  };

  readonly config = async (call: Call): Promise<Answer> => {
    const { userId } = await call.requester();
    const { dispatch, config } = this.dependencies.context;
    const ofUser = await dispatch.ask('media_repository', 'get_media_config_for_user', userId);
    return new JsonAnswer(200, (ofUser as JsonValue | undefined) ?? { 'm.upload.size': config.maxUploadSize });
  };

  /** Previews are disabled, and Synapse answers then as if it did not know them. */
  readonly preview = async (call: Call): Promise<Answer> => {
    await call.requester();
    throw unrecognized(404);
  };

  readonly download = async (call: Call): Promise<Answer> => {
    checkServerName(call);
    const { userId } = await call.requester({ allowGuest: true });
    const isUnsafe = queryString(call.query, 'admin_unsafely_bypass_quarantine') === 'true';
    if (isUnsafe && !this.dependencies.isAdmin(userId)) {
      throw new SynapseError(400, 'Must be a server admin to bypass quarantine');
    }
    return dressed(downloadHeaders, () => this.sendFile(call, true, isUnsafe));
  };

  readonly legacyDownload = async (call: Call): Promise<Answer> => {
    checkServerName(call);
    return dressed(downloadHeaders, () => this.sendFile(call, false));
  };

  readonly thumbnail = async (call: Call): Promise<Answer> => {
    checkServerName(call);
    await call.requester({ allowGuest: true });
    return dressed(mediaHeaders, () => this.sendThumbnail(call, true));
  };

  readonly legacyThumbnail = async (call: Call): Promise<Answer> => {
    checkServerName(call);
    return dressed(mediaHeaders, () => this.sendThumbnail(call, false));
  };

  private async sendFile(call: Call, isAuthenticated: boolean, withQuarantined = false): Promise<Response> {
    const media = await this.find(call, isAuthenticated, withQuarantined);
    if (isCached(call)) return notModified(downloadHeaders);
    const name = call.params['fileName'] ?? media.uploadName;
    const file = await this.dependencies.media.openContent(media.mediaId);
    return fileResponse(call, file, media.mediaType ?? 'application/octet-stream', name, downloadHeaders);
  }

  private async sendThumbnail(call: Call, isAuthenticated: boolean): Promise<Response> {
    const { query } = call;
    const width = requiredQueryInteger(query, 'width');
    const height = requiredQueryInteger(query, 'height');
    const method = queryString(query, 'method') ?? 'scale';
    const type = queryBoolean(query, 'animated') === true ? ANIMATED_TYPE : 'image/png';
    const media = await this.find(call, isAuthenticated);
    if (isCached(call)) return notModified(mediaHeaders);
    const thumbnail = this.dependencies.context.config.dynamicThumbnails
      ? await this.makeThumbnail(media, { width, height, method, type })
      : this.dependencies.media.findThumbnail(media.mediaId, { width, height, method, type });
    if (thumbnail === 'none') throw noThumbnails(call);
    if (thumbnail === undefined) throw notFound(call);
    const file = await this.dependencies.media.openThumbnail(media.mediaId, thumbnail);
    return fileResponse(call, file, thumbnail.type, null, mediaHeaders);
  }

  private async makeThumbnail(
    media: LocalMedia,
    wish: { readonly width: number; readonly height: number; readonly method: string; readonly type: string },
  ): Promise<Thumbnail> {
    const { width, height, type } = wish;
    const isSane = width > 0 && height > 0 && width * height <= this.dependencies.context.config.maxImagePixels;
    const method = wish.method === 'crop' ? 'crop' : 'scale';
    const thumbnail = isSane
      ? await this.dependencies.media.makeThumbnail(media.mediaId, {
          width,
          height,
          type,
          method,
          isAnimated: type === ANIMATED_TYPE,
        })
      : undefined;
    if (thumbnail === undefined) throw new SynapseError(400, 'Failed to generate thumbnail.');
    return thumbnail;
  }

  private async find(call: Call, isAuthenticated: boolean, withQuarantined = false): Promise<LocalMedia> {
    const wait = Math.min(queryInteger(call.query, 'timeout_ms') ?? USUAL_WAIT, MAX_WAIT);
    const { context, media } = this.dependencies;
    // Other servers are out of reach, as for a Synapse without federation.
    if (param(call, 'serverName') !== context.serverName) throw new SynapseError(502, 'Failed to fetch remote media');
    const found = await media.find(param(call, 'mediaId'), wait, call.signal, withQuarantined);
    if (found === undefined) throw notFound(call);
    if (found === 'pending') {
      throw new SynapseError(504, 'Media has not been uploaded yet', Codes.NOT_YET_UPLOADED);
    }
    if (context.config.enableAuthenticatedMedia && found.isAuthenticated && !isAuthenticated) {
      throw new SynapseError(404, 'Not found', Codes.NOT_FOUND);
    }
    return found;
  }

  /** Checks an upload by its headers before its body is read (`rest/media/upload_resource.py: _get_file_metadata`). */
  private async readUpload(
    call: Call,
    userId: Parameters<MediaRepository['upload']>[0],
  ): Promise<{
    readonly content: AsyncIterable<Uint8Array>;
    readonly mediaType: string;
    readonly uploadName: string | null;
  }> {
    const size = await sizeOf(call);
    await this.dependencies.media.checkSize(userId, size);
    const mediaType = call.header('content-type') ?? 'application/octet-stream';
    if (!/^[ -~]+$/.test(mediaType)) throw new SynapseError(400, 'Content-Type value is invalid');
    const name = queryString(call.query, 'filename', { encoding: 'utf-8' });
    return { content: call.pieces(), mediaType, uploadName: name === undefined || name === '' ? null : name };
  }
}

/** The size of an upload by its header. Requests made in process have none, but their body is there already. */
async function sizeOf(call: Call): Promise<number> {
  const length = call.header('content-length');
  if (length !== undefined) {
    if (!/^\d+$/.test(length)) throw new SynapseError(400, 'Content-Length value is invalid');
    return Number(length);
  }
  const isChunked = call.header('transfer-encoding') !== undefined;
  const size = isChunked ? 0 : (await call.bytes()).byteLength;
  if (size === 0) throw new SynapseError(400, 'Request must specify a Content-Length');
  return size;
}

function param(call: Call, name: string): string {
  return call.params[name] ?? '';
}

function checkServerName(call: Call): void {
  if (/^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+)(?::\d{1,5})?$/.test(param(call, 'serverName'))) return;
  throw new SynapseError(400, 'Server name contains invalid characters', Codes.INVALID_PARAM);
}

function notFound(call: Call): SynapseError {
  return new SynapseError(404, `Not found '${pathOf(call.request)}'`, Codes.NOT_FOUND);
}

function noThumbnails(call: Call): SynapseError {
  const types = [...thumbnailTypes.keys()].join(', ');
  return new SynapseError(
    400,
    `Cannot find any thumbnails for the requested media ('${pathOf(call.request)}'). This might mean the media is not a supported_media_format=(${types}) or that thumbnailing failed for some other reason. (Dynamic thumbnails are disabled on this server.)`,
  );
}

function isCached(call: Call): boolean {
  return call.header('if-none-match') === cacheHeaders.etag;
}

function notModified(headers: Headers): Response {
  return new Response(null, { status: 304, headers: { ...headers, ...cacheHeaders } });
}

function fileResponse(
  call: Call,
  file: OpenFile | undefined,
  mediaType: string,
  name: string | null,
  headers: Headers,
): Response {
  if (file === undefined) throw notFound(call);
  return new Response(file.body, { status: 200, headers: { ...headers, ...fileHeaders(mediaType, file.size, name) } });
}

/** Errors carry the headers of the endpoint too. */
async function dressed(headers: Headers, send: () => Promise<Response>): Promise<Response> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof SynapseError)) throw error;
    throw new SynapseError(
      error.status,
      error.message,
      error.errcode,
      error.additionalFields,
      { ...headers, ...error.headers },
      { cause: error },
    );
  }
}
