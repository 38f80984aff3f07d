/** Rows as lines whose columns stand below each other; with a heading, a line of dashes follows it. */
export function textTable(rows: readonly (readonly string[])[], heading?: readonly string[]): string {
  const all = heading === undefined ? rows : [heading, ...rows];
  const widths = (all[0] ?? []).map((_cell, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  if (heading !== undefined) lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.map((line) => line.trimEnd()).join('\n');
}
