import { randomBytes } from 'node:crypto';

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** So many random letters of both cases. */
export function randomLetters(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 208 is the greatest multiple of 52 a byte can hold: beyond it some letters would be likelier.
      if (byte < 208 && text.length < length) text += letters.charAt(byte % letters.length);
    }
  }
  return text;
}
