import type { HttpClient } from '../../module-api/http-client.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';

/** Takes notifications for devices (https://spec.matrix.org/latest/push-gateway-api/). */
export interface PushGateway {
  /** Hands over one notification; the answer names the rejected push keys. Fails when it cannot be handed over. */
  readonly notify: (url: string, notification: JsonObject) => Promise<JsonValue>;
}

/** Hands notifications to push gateways over HTTP. */
export class HttpPushGateway implements PushGateway {
  constructor(private readonly client: HttpClient) {}

  notify(url: string, notification: JsonObject): Promise<JsonValue> {
    return this.client.postJsonGetJson(url, { notification });
  }
}
