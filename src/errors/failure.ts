/** What Node or another library says of a failure. */
export interface Failure {
  readonly message: string;
  /** Node's name of the problem (`ENOENT`), where it has one. */
  readonly code: string | undefined;
}

/** Reads what was thrown, whatever it is. */
export function failureOf(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { message: String(thrown), code: undefined };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return { message: thrown.message, code };
}
