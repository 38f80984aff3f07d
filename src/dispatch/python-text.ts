/** A value as Python prints it in the texts of Synapse: `('password', 1)`, `None`, `True`. */
export function pythonText(value: unknown): string {
  if (Array.isArray(value)) return `(${value.map(pythonText).join(', ')}${value.length === 1 ? ',' : ''})`;
  if (typeof value === 'string') return value.includes("'") && !value.includes('"') ? `"${value}"` : quoted(value);
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
