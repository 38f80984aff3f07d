import { type Blame, errorCodes } from '../../src/errors/codes.js';

const blames: Readonly<Record<Blame, string>> = {
  author: "the module's author",
  operator: 'whoever runs the server',
  remote: 'the other side of a connection',
  bug: 'Vesicle itself',
};

/** `docs/errors.md`: every error code, from the table in `src/errors/codes.ts`. */
export function errorReference(): string {
  const rows = Object.entries(errorCodes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { blame, text }]) =>
      [
        `## ${code}`,
        text.replaceAll(/\{\d\}/g, '...').replaceAll('<', '&lt;'),
        `To be mended by ${blames[blame]}.`,
      ].join('\n\n'),
    );
  return (
    [
      '# Errors',
      '<!-- Made by `npm run docs` from src/errors/codes.ts. Edit that, not this. -->',
      'What Vesicle says when something is wrong: `[CODE]`, the place, the problem, the remedy. Codes are never renamed or reused.',
      ...rows,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}
