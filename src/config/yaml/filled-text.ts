import type { ConfigCursor } from '../values/config-cursor.js';
import { type Redactor, type SecretSources, substituteSecrets } from './secrets.js';

/** A text with its secrets put in; faults go to the place, and what was put in to the redactor. */
export function filledText(text: string, place: ConfigCursor, secrets: SecretSources, redactor: Redactor): string {
  if (!text.includes('${')) return text;
  const substitution = substituteSecrets(text, secrets);
  for (const fault of substitution.faults) place.report(fault);
  for (const secret of substitution.secrets) redactor.add(secret);
  return substitution.text;
}
