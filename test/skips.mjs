/**
 * What is said of tests that were skipped, and how many of them count as failed: where it is strict, those whose reason
 * `known` does not have for their file.
 */
export function skipReport(skips, known, { isStrict }) {
  const isKnown = ({ file, reason }) => known.some((row) => row.file === file && row.reason === reason);
  const failed = isStrict ? skips.filter((skip) => !isKnown(skip)).length : 0;
  if (skips.length === 0) return { text: '', failed };
  const lines = skips.map((skip) => {
    const verdict = isStrict && !isKnown(skip) ? ' (counts as failed: not in test/skips.json)' : '';
    return `  ${skip.file}: ${skip.name}: ${skip.reason}${verdict}\n`;
  });
  return { text: `\n${skips.length} skipped:\n${lines.join('')}`, failed };
}
