/** Freezes a value of JSON with everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) if (typeof member === 'object') deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
