import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { encodeCanonicalJson } from '../../../matrix/canonical-json.js';
import type { ServerName } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../../matrix/json.js';

// The fixed head of the DER forms of Ed25519 keys (RFC 8410); the 32 bytes of the key follow.
const privateHead = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicHead = Buffer.from('302a300506032b6570032100', 'hex');

/** An Ed25519 key of a homeserver (https://spec.matrix.org/latest/appendices/#signing-json). */
export class SigningKey {
  /** Unpadded base64. */
  readonly publicKey: string;
  private readonly key: KeyObject;

  constructor(
    /** `ed25519:` and a version. */
    readonly keyId: string,
    /** Unpadded base64 of 32 bytes, as in Synapse's `signing.key`. */
    readonly seed: string,
  ) {
    this.key = createPrivateKey({
      key: Buffer.concat([privateHead, Buffer.from(seed, 'base64')]),
      format: 'der',
      type: 'pkcs8',
    });
    const exported = createPublicKey(this.key).export({ format: 'der', type: 'spki' });
    this.publicKey = unpadded(exported.subarray(publicHead.length));
  }

  /** A new random key. */
  static generate(): SigningKey {
    return new SigningKey(`ed25519:a_${randomBytes(3).toString('hex')}`, unpadded(randomBytes(32)));
  }

  /** The signature over a text, unpadded base64. Equal for equal texts. */
  sign(text: string): string {
    return unpadded(sign(null, Buffer.from(text), this.key));
  }

  /** The `signatures` member for a text signed by this server alone. */
  signatures(serverName: ServerName, text: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
    return { [serverName]: { [this.keyId]: this.sign(text) } };
  }
}

/** Whether a JSON object carries a right signature of this server and key. Never throws. */
export function isSignedBy(value: JsonObject, serverName: string, keyId: string, publicKey: string): boolean {
  const { signatures, unsigned: _unsigned, ...signed } = value;
  const block = isJsonObject(signatures) ? signatures[serverName] : undefined;
  const signature = isJsonObject(block) ? block[keyId] : undefined;
  if (typeof signature !== 'string') return false;
  try {
    const key = createPublicKey({
      key: Buffer.concat([publicHead, Buffer.from(publicKey, 'base64')]),
      format: 'der',
      type: 'spki',
    });
    return verify(null, Buffer.from(encodeCanonicalJson(signed)), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
