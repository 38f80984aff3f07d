/** The source of a type in one line. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('( ', '(')
    .replaceAll(/,? \)/g, ')')
    .replaceAll('< |', '<')
    .replaceAll(/,? >/g, '>')
    .trim();
}
