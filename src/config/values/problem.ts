/** A place in a configuration: the keys and list indexes that lead to it. */
export type ConfigPath = readonly (string | number)[];

/** A place in a text, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with a configuration. */
export interface Problem {
  readonly path: ConfigPath;
  /** Whether the key at the path is wrong (unknown, duplicate) or its value. */
  readonly at: 'key' | 'value';
  /** What is wrong and what to do; each text is the cause of the one before. */
  readonly causes: readonly string[];
  /** How many of the causes, from the first, only say what was being read. */
  readonly context?: number;
  /** Given where no path leads to the place (a syntax error). */
  readonly position?: Position;
  /** What was thrown, when something was. */
  readonly error?: unknown;
}

/** Something accepted that has no effect. */
export interface Warning {
  readonly path: ConfigPath;
  readonly message: string;
}

/** `modules.<item 0>.config.a`: how Synapse writes a place. */
export function formatPath(path: ConfigPath): string {
  return path.map((part) => (typeof part === 'number' ? `<item ${part}>` : part)).join('.');
}

/** `file:line:column`, with what is known of it. */
export function formatLocation(file: string | undefined, position: Position | undefined): string | undefined {
  if (file === undefined || position === undefined) return file;
  return `${file}:${position.line}:${position.column}`;
}

/** A problem as Synapse writes it (`config/_base.py: format_config_error`), after the place in the file. */
export function formatProblem(problem: Problem, location: string | undefined): string {
  const where = problem.path.length === 0 ? '' : ` at '${formatPath(problem.path)}'`;
  const head = `${location === undefined ? '' : `${location}: `}Error in configuration${where}`;
  const causes = problem.causes.map((cause, depth) => indent(cause, depth + 1));
  return [head, ...causes].join(':\n');
}

function indent(text: string, depth: number): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : '  '.repeat(depth) + line))
    .join('\n');
}
