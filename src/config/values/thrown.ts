import { inspect } from 'node:util';

/** The message of an error and of those that caused it. */
export function messagesOf(error: unknown): readonly string[] {
  const messages: string[] = [];
  let at = error;
  while (at !== undefined && at !== null && messages.length < 10) {
    messages.push(textOf(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return messages.length === 0 ? [textOf(error)] : messages;
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : inspect(error, { depth: 1 });
}
