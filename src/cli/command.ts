import type { Terminal } from './terminal.js';

/** An option of a command: `--json`, or with a value `--try TEXT`. */
export interface CommandOption {
  readonly name: string;
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  readonly summary: string;
}

/** What a command was called with. */
export interface CommandCall {
  /** The file named, or the default. */
  readonly file: string;
  /** The name given to a command that takes one. */
  readonly name?: string;
  readonly switches: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly terminal: Terminal;
}

/** One command of `vesicle`. Its code is loaded when it is called. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CommandOption[];
  /** It reads no configuration file. */
  readonly takesNoFile?: true;
  /** It takes the name of something new in place of a file. */
  readonly takesName?: true;
  /** Runs it; answers with the exit code. */
  readonly run: (call: CommandCall) => Promise<number>;
}
