import { SynapseError } from '../../errors/synapse-error.js';

/** An e-mail address in small letters (`util/threepids.py: canonicalise_email`); 400 when it is none. */
export function canonicalEmail(address: string): string {
  const parts = address.trim().split('@');
  const [localpart, domain] = parts;
  if (parts.length !== 2 || localpart === undefined || domain === undefined) throw notAnAddress();
  return `${localpart.toLowerCase()}@${domain.toLowerCase()}`;
}

/** The same for an address that mail is to be sent to (`util/threepids.py: validate_email`). */
export function parseEmail(address: unknown): string {
  if (typeof address !== 'string') throw notAnAddress();
  const canonical = canonicalEmail(address);
  if (canonical.length < 3 || canonical.length > 500) throw notAnAddress();
  return canonical;
}

function notAnAddress(): SynapseError {
  return new SynapseError(400, 'Unable to parse email address');
}
