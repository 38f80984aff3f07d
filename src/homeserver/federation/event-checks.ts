import type { Hook } from '../../dispatch/hook.js';
import { NOT_SPAM } from '../../callbacks/spam-verdict.js';
import type { Dispatcher } from '../../dispatch/dispatcher.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { encodeCanonicalJson } from '../../matrix/canonical-json.js';
import { domainOf, serverIn, type ServerName } from '../../matrix/ids.js';
import { isJsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import { contentHashOf } from '../rooms/model/event-hash.js';
import { redactPdu } from '../rooms/model/redaction.js';
import { RoomEvent } from '../rooms/model/room-event.js';
import type { KeyRing } from './key-ring.js';

/** An event is not signed as it must be (`InvalidEventSignatureError`). */
export class EventSignatureError extends Error {}

/** Checks what every event from elsewhere must fulfil (`federation/federation_base.py: _check_sigs_and_hash`). */
export class EventChecks {
  private readonly spam: Hook<'spam_checker', 'check_event_for_spam'>;

  constructor(
    private readonly keys: KeyRing,
    dispatch: Dispatcher,
  ) {
    this.spam = dispatch.hook('spam_checker', 'check_event_for_spam');
  }

  /** {@link check} for an event that a request brings: a wrong signature is 403. */
  async checkBrought(event: RoomEvent): Promise<RoomEvent> {
    try {
      return await this.check(event);
    } catch (error) {
      if (!(error instanceof EventSignatureError)) throw error;
      throw new SynapseError(403, `event id ${event.eventId}: ${error.message}`, Codes.FORBIDDEN);
    }
  }

  /**
   * The event, redacted when its content is not what was signed, redacted and soft-failed when a module takes it for spam.
   * {@link EventSignatureError} when the servers that must have signed it did not.
   */
  async check(event: RoomEvent): Promise<RoomEvent> {
    await this.checkSignatures(event);
    if (!hasRightHash(event)) return redactReceived(event);
    if (this.spam.isUsed && (await this.spam.ask(event)) !== NOT_SPAM) {
      const redacted = redactReceived(event);
      redacted.note({ isSoftFailed: true, isSpam: true });
      return redacted;
    }
    return event;
  }

  private async checkSignatures(event: RoomEvent): Promise<void> {
    const { version, content } = event;
    const server = domainOf(event.sender);
    const isByAddress = event.membership === 'invite' && Object.hasOwn(content, 'third_party_invite');
    if (!isByAddress) await this.checkSigned(event, server, 'sender domain');
    if (version.eventFormat === 1) {
      const named = serverIn(event.eventId);
      if (named !== server) await this.checkSigned(event, named, 'event domain');
    }
    const authoriser = content['join_authorised_via_users_server'];
    if (version.allowsRestricted && event.membership === 'join' && typeof authoriser === 'string') {
      // Synapse's text lacks the r, too.
      await this.checkSigned(event, serverIn(authoriser), 'authorising serve');
    }
  }

  private async checkSigned(event: RoomEvent, server: ServerName, as: string): Promise<void> {
    try {
      await this.keys.verifyEvent(server, event);
    } catch (error) {
      if (!(error instanceof SynapseError)) throw error;
      throw new EventSignatureError(
        `unable to verify signature for ${as} ${server}: ${error.status}: ${error.message}`,
        { cause: error },
      );
    }
  }
}

/** An event from elsewhere without the content that redaction takes away, and without what was said beside it. */
function redactReceived(event: RoomEvent): RoomEvent {
  const { eventId, roomId, version, position } = event;
  const json = encodeCanonicalJson(redactPdu(version, parseStoredObject(event.json)));
  return new RoomEvent({ eventId, roomId, version, json, position, metadata: {}, sign: () => ({}) });
}

function hasRightHash(event: RoomEvent): boolean {
  const { signatures: _signatures, ...pdu } = parseStoredObject(event.json);
  const { hashes } = pdu;
  if (!isJsonObject(hashes) || !Object.hasOwn(hashes, 'sha256')) {
    const names = isJsonObject(hashes)
      ? `[${Object.keys(hashes)
          .map((name) => `'${name}'`)
          .join(', ')}]`
      : '[]';
    throw new SynapseError(400, `Algorithm sha256 not in hashes ${names}`, Codes.UNAUTHORIZED);
  }
  const given = hashes['sha256'];
  return typeof given === 'string' && given.replace(/=+$/, '') === contentHashOf(pdu);
}
