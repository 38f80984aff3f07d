/**
 * What is said of tests that were skipped or are to be done, and how many of them count as failed: those without a reason, and
 * where it is strict those whose reason `known` does not have for their file.
 */
export function skipReport(skips, known, { isStrict }) {
  const isKnown = ({ file, reason }) => known.some((row) => row.file === file && row.reason === reason);
  const faultOf = (skip) => {
    if (skip.reason === undefined) return ' (counts as failed)';
    return isStrict && !isKnown(skip) ? ' (counts as failed: not in test/skips.json)' : '';
  };
  const failed = skips.filter((skip) => faultOf(skip) !== '').length;
  if (skips.length === 0) return { text: '', failed };
  const lines = skips.map(
    (skip) => `  ${skip.file}: ${skip.name}: ${skip.reason ?? 'no reason is given'}${faultOf(skip)}\n`,
  );
  return { text: `\n${skips.length} skipped:\n${lines.join('')}`, failed };
}
