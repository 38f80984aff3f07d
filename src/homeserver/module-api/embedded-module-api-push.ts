import type { MessagingApi } from '../../module-api/messaging-api.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from '../../matrix/json.js';
import type { UserId } from '../../matrix/ids.js';
import type { Logger } from '../../log/logger.js';
import type { PushGateway } from '../runtime/push-gateway.js';
import type { Pusher, PusherStore } from '../store/pusher-store.js';

/** Pushes what a module says to a user's HTTP pushers (`push/httppusher.py: dispatch_push`). */
export class ModulePush {
  constructor(
    private readonly pushers: PusherStore,
    private readonly gateway: PushGateway,
    private readonly log: Logger,
  ) {}

  async send(
    userId: UserId,
    deviceId: string | null,
    content: MutableJsonObject,
    options: Parameters<MessagingApi['sendHttpPushNotification']>[3] = {},
  ): Promise<ReadonlyMap<string, boolean>> {
    const outcome = new Map<string, boolean>();
    for (const pusher of this.pushers.ofUser(userId)) {
      if (pusher.kind !== 'http') continue;
      if (deviceId !== null && deviceId !== '' && pusher.deviceId !== deviceId) continue;
      const isSent = await this.push(pusher, content, options);
      if (pusher.deviceId !== null) outcome.set(pusher.deviceId, isSent);
    }
    return outcome;
  }

  private async push(
    pusher: Pusher,
    content: MutableJsonObject,
    { tweaks, defaultPayload }: { readonly tweaks?: JsonObject; readonly defaultPayload?: JsonObject },
  ): Promise<boolean> {
    const { url: given, ...data } = pusher.data;
    const url = typeof given === 'string' ? given : '';
    const payload = isJsonObject(data['default_payload']) ? data['default_payload'] : {};
    const device = {
      app_id: pusher.appId,
      pushkey: pusher.pushkey,
      pushkey_ts: Math.floor(pusher.createdTs / 1000),
      data: defaultPayload === undefined ? data : { ...data, default_payload: { ...payload, ...defaultPayload } },
      ...(tweaks !== undefined && { tweaks }),
    };
    const notification = { ...content, devices: [device] } as JsonObject;
    try {
      const answer = await this.gateway.notify(url, notification);
      const rejected = isJsonObject(answer) ? answer['rejected'] : undefined;
      return !Array.isArray(rejected) || rejected.length === 0;
    } catch (err) {
      // Synapse makes every failure a `False` for the module.
      this.log.warn(`Failed to push data to ${url}`, { err });
      return false;
    }
  }
}
