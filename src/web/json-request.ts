import type { JsonObject } from '../matrix/json.js';
import { parseJsonObject } from '../matrix/untrusted-json.js';

/**
 * The body of a request as a JSON object (`synapse.module_api.parse_json_object_from_request`). An absent body is `{}` with
 * `allowEmptyBody`.
 *
 * @throws `SynapseError` 400 `M_NOT_JSON` or `M_BAD_JSON`.
 *
 * @example
 * ```ts
 * import { parseJsonObjectFromRequest } from 'vesicle';
 * const handler = async (request: Request) => {
 *   const body = await parseJsonObjectFromRequest(request);
 *   return Response.json({ hello: body['name'] ?? null });
 * };
 * ```
 */
export async function parseJsonObjectFromRequest(
  request: Request,
  options: { readonly allowEmptyBody?: boolean } = {},
): Promise<JsonObject> {
  return parseJsonObject(new Uint8Array(await request.arrayBuffer()), { allowEmpty: options.allowEmptyBody === true });
}
