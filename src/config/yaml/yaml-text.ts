/** The text of a file, with what is wrong with its bytes and where. */
export type DecodedText =
  { readonly text: string } | { readonly text: string; readonly fault: string; readonly offset: number };

/** Decodes a configuration file as Synapse does, which opens it as UTF-8. */
export function decodeText(bytes: Uint8Array): DecodedText {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const encoding = isUtf16 ? 'UTF-16' : 'another encoding';
    // The replacement character stands where the first wrong bytes were.
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const offset = isUtf16 ? 0 : text.indexOf('\uFFFD');
    return { text, offset, fault: `the file is not UTF-8 here (it looks like ${encoding}). Save it as UTF-8.` };
  }
}

/** Characters that PyYAML refuses anywhere in a file. */
const UNACCEPTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Line breaks of YAML 1.1, and a byte order mark in the middle: the `yaml` package takes them for something else, nobody sees them. */
const INVISIBLE = /[\u2028\u2029]|(?!^)\ufeff/;

/** The first character that may not stand in YAML. */
export function unacceptableCharacter(text: string): { readonly offset: number; readonly fault: string } | undefined {
  const found = search(text, UNACCEPTABLE, (code) => `the character ${code} cannot stand in YAML. Remove it.`);
  return found ?? search(text, INVISIBLE, (code) => `the character ${code} is not visible. Remove it.`);
}

function search(
  text: string,
  pattern: RegExp,
  faultOf: (code: string) => string,
): ReturnType<typeof unacceptableCharacter> {
  const offset = text.search(pattern);
  if (offset < 0) return undefined;
  const code = text.codePointAt(offset)?.toString(16).toUpperCase().padStart(4, '0') ?? '';
  return { offset, fault: faultOf(`U+${code}`) };
}
