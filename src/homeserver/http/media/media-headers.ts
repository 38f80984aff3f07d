import { corsHeaders } from '../../../web/web-headers.js';
import { SERVER } from '../server/responses.js';

const TEXT_TYPES = new Set([
  'text/css',
  'text/csv',
  'text/html',
  'text/calendar',
  'text/plain',
  'text/javascript',
  'application/json',
  'application/ld+json',
  'application/rtf',
  'image/svg+xml',
  'text/xml',
]);

/** Types that a browser may show by itself; all others are saved (`media/_base.py: INLINE_CONTENT_TYPES`). */
const INLINE_TYPES = new Set([
  'text/css',
  'text/plain',
  'text/csv',
  'application/json',
  'application/ld+json',
  ...['jpeg', 'gif', 'png', 'apng', 'webp', 'avif'].map((name) => `image/${name}`),
  ...['mp4', 'webm', 'ogg', 'quicktime'].map((name) => `video/${name}`),
  ...['mp4', 'webm', 'aac', 'mpeg', 'ogg', 'wave', 'wav', 'x-wav', 'x-pn-wav', 'flac', 'x-flac'].map(
    (name) => `audio/${name}`,
  ),
]);

/** On every answer about media, errors included. */
export const mediaHeaders = {
  server: SERVER,
  ...corsHeaders,
  'cross-origin-resource-policy': 'cross-origin',
};

/** On every answer of a download, errors included: what users uploaded must not act on their behalf. */
export const downloadHeaders = {
  ...mediaHeaders,
  'content-security-policy':
    "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; media-src 'self'; object-src 'self';",
  'x-content-security-policy': 'sandbox;',
  'referrer-policy': 'no-referrer',
};

/** Media never changes under its ID. */
export const cacheHeaders = { 'cache-control': 'public,max-age=86400,s-maxage=0,proxy-revalidate', etag: '1' };

/** What the answer says of the file it carries (`media/_base.py: add_file_headers`). */
export function fileHeaders(mediaType: string, size: number, name: string | null): Record<string, string> {
  const lower = mediaType.toLowerCase();
  const disposition = INLINE_TYPES.has(lower.split(';', 1).join('')) ? 'inline' : 'attachment';
  return {
    'content-type': TEXT_TYPES.has(lower) ? `${mediaType}; charset=UTF-8` : mediaType,
    'content-disposition': disposition + fileName(name),
    ...cacheHeaders,
    'content-length': String(size),
    'x-robots-tag': 'noindex, nofollow, noarchive, noimageindex',
  };
}

function fileName(name: string | null): string {
  if (name === null || name === '') return '';
  // RFC 6266: a token as it is, everything else percent-encoded.
  if (/^[!-~]+$/.test(name) && !/[()<>@,;:\\"/[\]?={}]/.test(name)) return `; filename=${name}`;
  return `; filename*=utf-8''${percentEncode(name)}`;
}

/** Python's `urllib.parse.quote`. */
function percentEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');
}
