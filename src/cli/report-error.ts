import { VesicleError } from '../errors/vesicle-error.js';
import { exitCodes } from './exit-codes.js';
import type { Terminal } from './terminal.js';

/** Writes what went wrong; answers with the exit code. */
export function reportError(error: unknown, terminal: Pick<Terminal, 'error'>): number {
  const { text, exitCode } = describeError(error);
  terminal.error(text);
  return exitCode;
}

/** An error as the operator reads it: without a stack when it is a mistake of somebody else than Vesicle. */
export function describeError(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof VesicleError && error.blame !== 'bug') {
    return { text: describeMistake(error), exitCode: exitCodes.failed.code };
  }
  return { text: describeBug(error), exitCode: exitCodes.bug.code };
}

function describeMistake(error: Error): string {
  const lines = [error.message, ...causesOf(error).map((cause) => `  Cause: ${cause}`)];
  return `${lines.join('\n')}\n`;
}

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  let said = error.message;
  for (let { cause } = error; cause instanceof Error; { cause } = cause) {
    // The text of an error often ends with that of its cause.
    if (!said.includes(cause.message)) causes.push(`${cause.name}: ${cause.message}`);
    said += cause.message;
  }
  return causes;
}

function describeBug(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `This is a bug in Vesicle. Please report it to its maintainers with these lines:\n${text}\n`;
}
