import { Codes } from '../errors/matrix-codes.js';
import { SynapseError } from '../errors/synapse-error.js';
import { isJsonObject, type JsonObject } from '../matrix/json.js';

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
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.byteLength === 0 && options.allowEmptyBody === true) return {};
  const value = parseJson(bytes);
  // With allow_empty_body Synapse takes a body of `null` for an absent one.
  if (value === null && options.allowEmptyBody === true) return {};
  if (!isJsonObject(value)) throw new SynapseError(400, 'Content must be a JSON object.', Codes.BAD_JSON);
  return value;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new SynapseError(400, 'Content not JSON.', Codes.NOT_JSON, {}, {}, { cause: error });
  }
}
