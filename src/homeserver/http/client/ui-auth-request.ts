import type { JsonObject } from '../../../matrix/json.js';
import type { UiAuthRequest } from '../../users/ui-auth.js';
import type { Call } from '../server/route.js';

/** A request that asks for user-interactive authentication. */
export function uiAuthRequest(call: Call, body: JsonObject, description: string): UiAuthRequest {
  const { pathname, search } = new URL(call.request.url);
  return {
    method: call.method,
    uri: pathname + search,
    ip: call.ip,
    userAgent: call.userAgent,
    body: { ...body },
    description,
  };
}
