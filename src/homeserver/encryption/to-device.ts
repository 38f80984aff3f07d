import { SynapseError } from '../../errors/synapse-error.js';
import { Codes } from '../../errors/matrix-codes.js';
import { domainOf, type ServerName, type UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import type { ToDeviceMessage, ToDeviceStore } from '../store/to-device-store.js';

/** Bytes of JSON that the content of one message may have. */
const MAX_CONTENT = 65_536;
/** Messages that one sync brings. */
const MAX_PER_SYNC = 100;

/** A message to one device, or with `*` to all of a user. */
interface AddressedMessage {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly content: JsonObject;
}

/** Sends messages to devices of users of other servers. */
export type SendAway = (sender: UserId, type: string, messages: ReadonlyMap<ServerName, JsonObject>) => void;

/** Messages from device to device (`handlers/devicemessage.py`). */
export class ToDevice {
  constructor(
    private readonly context: HomeserverContext,
    private readonly store: ToDeviceStore,
    private readonly limiters: RateLimiters,
    private readonly devicesOf: (userId: UserId) => readonly string[],
    private readonly sendAway: SendAway = () => {},
  ) {}

  /** Sends `{ user: { device or *: content } }`; unknown devices get nothing. */
  async send(requester: Requester, type: string, messages: JsonObject): Promise<void> {
    const addressed = Object.entries(messages).flatMap(([userId, byDevice]) =>
      isUserId(userId) ? this.checked(userId, byDevice) : [],
    );
    const here: AddressedMessage[] = [];
    for (const message of addressed) {
      if (type === 'm.room_key_request' && !(await this.mayRequestKeys(requester, message.userId))) continue;
      if (domainOf(message.userId) === this.context.serverName) here.push(message);
    }
    this.deliver(requester.userId, type, here);
    const away = this.byServer(messages);
    if (away.size > 0) this.sendAway(requester.userId, type, away);
  }

  /** Takes messages from a user of another server. */
  receive(sender: UserId, type: string, messages: JsonObject): void {
    const addressed = Object.entries(messages).flatMap(([userId, byDevice]) =>
      isUserId(userId) && domainOf(userId) === this.context.serverName ? this.checked(userId, byDevice) : [],
    );
    this.deliver(sender, type, addressed);
  }

  private deliver(sender: UserId, type: string, addressed: readonly AddressedMessage[]): void {
    const reached = new Set<UserId>();
    for (const { userId, deviceId, content } of addressed) {
      const known = this.devicesOf(userId);
      const devices = deviceId === '*' ? known : known.filter((device) => device === deviceId);
      for (const device of devices) {
        this.store.add(this.context.stream.next(), userId, device, { content, type, sender });
      }
      if (devices.length > 0) reached.add(userId);
    }
    if (reached.size > 0) this.context.notifier.notify({ users: [...reached] });
  }

  /** What goes to other servers. */
  private byServer(messages: JsonObject): ReadonlyMap<ServerName, JsonObject> {
    const servers = new Map<ServerName, Record<string, JsonValue>>();
    for (const [userId, byDevice] of Object.entries(messages)) {
      if (!isUserId(userId) || domainOf(userId) === this.context.serverName || byDevice === undefined) continue;
      const server = servers.get(domainOf(userId)) ?? {};
      server[userId] = byDevice;
      servers.set(domainOf(userId), server);
    }
    return servers;
  }

  /** The messages for a device after one position up to another; those before are forgotten, because the device has them. */
  fetch(userId: UserId, deviceId: string, after: number, upTo: number): ToDeviceMessage[] {
    if (after > 0) this.store.deleteUpTo(userId, deviceId, after);
    return this.store.read(userId, deviceId, after, upTo, MAX_PER_SYNC);
  }

  /** Whether that many messages may mean that there are more. */
  isFull(messages: readonly ToDeviceMessage[]): boolean {
    return messages.length >= MAX_PER_SYNC;
  }

  /** Forgets what waits for a device that is gone. */
  forgetDevice(userId: UserId, deviceId: string): void {
    this.store.deleteUpTo(userId, deviceId, Number.MAX_SAFE_INTEGER);
  }

  private checked(userId: UserId, byDevice: JsonValue | undefined): AddressedMessage[] {
    if (!isJsonObject(byDevice)) throw new SynapseError(400, `messages.${userId} is not an object`, Codes.BAD_JSON);
    return Object.entries(byDevice).map(([deviceId, content]) => {
      if (!isJsonObject(content)) {
        throw new SynapseError(400, `messages.${userId}.${deviceId} is not an object`, Codes.BAD_JSON);
      }
      const size = Buffer.byteLength(JSON.stringify(content));
      if (size <= MAX_CONTENT) return { userId, deviceId, content };
      const message = `To-device message for ${userId}:${deviceId} is too large to send (${size} > ${MAX_CONTENT})`;
      throw new SynapseError(413, message, Codes.TOO_LARGE);
    });
  }

  private async mayRequestKeys(requester: Requester, target: UserId): Promise<boolean> {
    if (target === requester.userId) return true;
    const key = `${requester.userId}|${requester.deviceId ?? ''}`;
    return (await this.limiters.keyRequests.decide(requester, { key })).isAllowed;
  }
}

function isUserId(value: string): value is UserId {
  return value.startsWith('@') && value.includes(':');
}
