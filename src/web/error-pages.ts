/** Twisted's error page (`twisted.web.resource._UnsafeErrorPageBase`); the detail is HTML. */
export function twistedPage(
  status: number,
  brief: string,
  detail: string,
  headers: Record<string, string> = {},
): Response {
  const page = `\n<html>\n  <head><title>${status} - ${brief}</title></head>\n  <body>\n    <h1>${brief}</h1>\n    <p>${detail}</p>\n  </body>\n</html>\n`;
  return new Response(page, { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers } });
}

/** Twisted's answer when a resource failed (`twisted.web.server.Request.processingFailed`). */
export function processingFailed(): Response {
  const page = '<html><head><title>Processing Failed</title></head><body><b>Processing Failed</b></body></html>';
  return new Response(page, { status: 500, headers: { 'content-type': 'text/html' } });
}

/** The text of Synapse's page for a failed HTML resource (`http/server.py: HTML_ERROR_TEMPLATE`). */
export function synapseErrorPage(status: number, message: string): string {
  return `<!DOCTYPE html>
<html lang=en>
  <head>
    <meta charset="utf-8">
    <title>Error ${status}</title>
  </head>
  <body>
     <p>${escapeHtml(message)}</p>
  </body>
</html>
`;
}

/** The text with the characters escaped that mean something in HTML (Python's `html.escape`). */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
};
