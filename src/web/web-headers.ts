/** A response's headers as data. */
export type HeaderData = Readonly<Record<string, string>>;

/** What lets browsers of any site read an answer (`http/server.py: set_cors_headers`). */
export const corsHeaders: HeaderData = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
  'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization, Date',
  'access-control-expose-headers': 'Synapse-Trace-Id, Server',
};

/** What every JSON answer carries (`http/server.py: respond_with_json`). */
export const jsonHeaders: HeaderData = {
  'content-type': 'application/json',
  'cache-control': 'no-cache, no-store, must-revalidate',
  ...corsHeaders,
};

/** What keeps a page out of other sites' frames (`http/server.py: set_clickjacking_protection_headers`). */
export const clickjackingHeaders: HeaderData = {
  'x-frame-options': 'DENY',
  'content-security-policy': "frame-ancestors 'none';",
};

/** What every HTML answer carries (`http/server.py: respond_with_html_bytes`). */
export const htmlHeaders: HeaderData = {
  'content-type': 'text/html; charset=utf-8',
  ...clickjackingHeaders,
};
