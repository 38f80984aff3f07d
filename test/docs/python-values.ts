/** A value as Python writes it: on one line, or a bracket with items. */
export type PythonValue = string | PythonBracket;

interface PythonBracket {
  readonly open: string;
  readonly close: string;
  /** What stands before the value, such as `"key": `, and the value. */
  readonly items: readonly (readonly [lead: string, value: PythonValue])[];
}

/** A value of JSON. */
export function json(value: unknown): PythonValue {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return { open: '[', close: ']', items: value.map((item) => ['', json(item)]) };
  return mapping(Object.fromEntries(Object.entries(value)), json);
}

/** A dict with these keys. */
export function mapping<Value>(
  table: Readonly<Record<string, Value>>,
  write: (value: Value) => PythonValue,
): PythonValue {
  const items = Object.entries(table).map(([name, value]) => [`${JSON.stringify(name)}: `, write(value)] as const);
  return { open: '{', close: '}', items };
}

/** A tuple of these. */
export function tuple(values: readonly PythonValue[]): PythonValue {
  return { open: '(', close: ')', items: values.map((value) => ['', value]) };
}

/** The value as `ruff format` lays it out: on the line where it begins if it fits, else with each item on its own. */
export function written(value: PythonValue, depth: number, used: number): string {
  const onOneLine = flat(value);
  if (typeof value === 'string' || used + onOneLine.length <= lineLength) return onOneLine;
  const indent = '    '.repeat(depth + 1);
  const comma = 1;
  const lines = value.items.map(
    ([lead, item]) => `${indent}${lead}${written(item, depth + 1, indent.length + lead.length + comma)},\n`,
  );
  return `${value.open}\n${lines.join('')}${'    '.repeat(depth)}${value.close}`;
}

const lineLength = 120;

function flat(value: PythonValue): string {
  if (typeof value === 'string') return value;
  const texts = value.items.map(([lead, item]) => lead + flat(item));
  const comma = value.open === '(' && texts.length === 1 ? ',' : '';
  return `${value.open}${texts.join(', ')}${comma}${value.close}`;
}
