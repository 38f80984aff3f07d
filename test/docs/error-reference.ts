import { type Blame, type ErrorCode, errorCodes } from '../../src/errors/codes.js';
import { type ErrorParts, VesicleError } from '../../src/errors/vesicle-error.js';
import { errorExamples } from './error-examples.js';

const blames: Readonly<Record<Blame, string>> = {
  author: "the module's author",
  operator: 'whoever runs the server',
  remote: 'the other side of a connection',
  bug: 'Vesicle itself',
};

/** `docs/errors.md`: every error code, from the table in `src/errors/codes.ts`, with a message that it once had. */
export function errorReference(): string {
  const rows = (Object.keys(errorCodes) as ErrorCode[])
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((code) => {
      const { blame, text } = errorCodes[code];
      return [
        `## ${code}`,
        markdown(text),
        `To be mended by ${blames[blame]}. For example:`,
        `\`\`\`text\n${exampleMessage(code)}\n\`\`\``,
      ].join('\n\n');
    });
  return (
    [
      '# Errors',
      '<!-- Made by `npm run docs` from src/errors/codes.ts and test/docs/error-examples.ts. Edit those, not this. -->',
      'What Vesicle says when something is wrong: `[CODE]`, the place, the problem, the remedy. Codes are never renamed or reused. What stands in braces differs from case to case.',
      ...rows,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

/** A message as it is printed. */
export function exampleMessage(code: ErrorCode): string {
  return new VesicleError(...([code, errorExamples[code]] as ErrorParts)).message;
}

/** Placeholders as code; the rest as it stands, in one paragraph. */
function markdown(text: string): string {
  return text
    .replaceAll('<', '&lt;')
    .replaceAll(/\{(\w+)\}/g, '`{$1}`')
    .replaceAll(/\s*\n\s*/g, ' ');
}
