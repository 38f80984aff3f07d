/**
 * A copy of plain data, as `structuredClone` makes it at twenty times the price. What is no plain data (an instance of a
 * class, a function) is passed as it is.
 */
export function copyOfData(value: unknown): unknown {
  if (!isPlain(value)) return value;
  try {
    return copyOf(value);
  } catch {
    // It holds itself, or more levels than the stack has.
    return cloneOf(value);
  }
}

function copyOf(value: object): object {
  if (Array.isArray(value)) return value.map(copyWithin);
  // A spread copies members as they are, one of the name `__proto__` included; then none is new.
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const member = copy[key];
    if (typeof member === 'object') copy[key] = copyWithin(member);
  }
  return copy;
}

function copyWithin(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return isPlain(value) ? copyOf(value) : structuredClone(value);
}

function cloneOf(value: object): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
