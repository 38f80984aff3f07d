import { htmlHeaders } from './web-headers.js';

/**
 * A page as a response, with the headers that keep it out of other sites' frames (`synapse.module_api.respond_with_html`).
 *
 * @example
 * ```ts
 * import { respondWithHtml } from 'vesicle';
 * const handler = async () => respondWithHtml(200, '<h1>Welcome</h1>');
 * ```
 */
export function respondWithHtml(code: number, html: string): Response {
  return new Response(html, { status: code, headers: htmlHeaders });
}
