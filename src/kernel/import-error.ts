/** What a person needs of an error that importing a module ended with: what, where, and what to do about it. */
export function describeImportError(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${typeof error === 'string' ? `"${error}"` : typeof error}.`;
  if (error.name === 'TypeScriptSyntaxError') return error.message;
  const missing = /does not provide an export named '([^']+)'/.exec(error.message)?.[1];
  const where = locationOf(error);
  const location = where === undefined ? '' : `${where}: `;
  if (missing !== undefined) {
    return `${location}${error.message}. If it is a type, write "import { type ${missing} }".`;
  }
  return `${location}${error.name}: ${error.message}`;
}

/** The first place in the stack that is no package and not node's own. */
function locationOf(error: Error): string | undefined {
  const stack = error.stack ?? '';
  // Node puts the place of a syntax error before the message.
  const before = /^(?:file:\/\/)?(\/[^\n?]*?)(?:\?[^\n:]*)?:(\d+)\n/.exec(stack);
  if (before !== null) return `${before[1] ?? ''}:${before[2] ?? ''}`;
  for (const line of stack.split('\n')) {
    const frame = /^ +at .*?\(?(?:file:\/\/)?(\/[^()?]*?)(?:\?[^()]*)?:(\d+):(\d+)\)?$/.exec(line);
    if (frame !== null && !line.includes('/node_modules/'))
      return `${frame[1] ?? ''}:${frame[2] ?? ''}:${frame[3] ?? ''}`;
  }
  return undefined;
}
