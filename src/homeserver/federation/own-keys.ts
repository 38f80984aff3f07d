import { encodeCanonicalJson } from '../../matrix/canonical-json.js';
import type { ServerName } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Clock } from '../runtime/clock.js';
import type { SigningKey } from '../rooms/model/signing-key.js';

/** How long others may use this server's key without asking again (`key_refresh_interval`). */
const refreshMs = 86_400_000;

/** What this server says of its own key (`rest/key/v2/local_key_resource.py`). */
export class OwnKeys {
  private body: (JsonObject & { readonly valid_until_ts: number }) | undefined;

  constructor(
    private readonly serverName: ServerName,
    private readonly key: SigningKey,
    private readonly clock: Clock,
  ) {}

  /** The body of `/_matrix/key/v2/server`, made anew when half of its time is over. */
  get(): JsonObject {
    const now = this.clock.now();
    if (this.body !== undefined && now + refreshMs / 2 <= this.body.valid_until_ts) return this.body;
    const { key, serverName } = this;
    const keys = {
      old_verify_keys: {},
      server_name: serverName,
      valid_until_ts: now + refreshMs,
      verify_keys: { [key.keyId]: { key: key.publicKey } },
    };
    return (this.body = { ...keys, signatures: key.signatures(serverName, encodeCanonicalJson(keys)) });
  }
}
