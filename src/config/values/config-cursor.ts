import type { ConfigPath, Problem, Warning } from './problem.js';

/** Problems and warnings found while a configuration is read. */
export class Diagnostics {
  readonly problems: Problem[] = [];
  readonly warnings: Warning[] = [];
  /** Places of numbers such as `11.0`: an integer in JavaScript, not in Python. */
  readonly pointed = new Set<string>();
}

/** A place in a configuration, at which a reader reports. */
export class ConfigCursor {
  constructor(
    readonly diagnostics: Diagnostics,
    readonly path: ConfigPath = [],
    /** Causes put before those of every problem reported from here on. */
    private readonly prefix: readonly string[] = [],
    private readonly error?: unknown,
  ) {}

  /** The place of a member. */
  at(key: string | number): ConfigCursor {
    return this.into([key]);
  }

  /** The place at the end of a path that starts here. */
  into(path: ConfigPath): ConfigCursor {
    return new ConfigCursor(this.diagnostics, [...this.path, ...path], this.prefix, this.error);
  }

  /** True for a number written with a point and no fraction, such as `11.0`. */
  get isPointed(): boolean {
    return this.diagnostics.pointed.has(JSON.stringify(this.path));
  }

  markPointed(): void {
    this.diagnostics.pointed.add(JSON.stringify(this.path));
  }

  /** The place of the mapping or list that this is a member of. */
  parent(): ConfigCursor {
    return new ConfigCursor(this.diagnostics, this.path.slice(0, -1), this.prefix, this.error);
  }

  /** The same place, with causes put before those of every problem reported there. */
  withContext(...causes: readonly string[]): ConfigCursor {
    return new ConfigCursor(this.diagnostics, this.path, [...this.prefix, ...causes], this.error);
  }

  /** The same place, with the error that problems reported there were thrown as. */
  withCause(error: unknown): ConfigCursor {
    return new ConfigCursor(this.diagnostics, this.path, this.prefix, error);
  }

  /** Reports the value as wrong. Returns null, so that a reader can return it. */
  report(...causes: readonly string[]): null {
    return this.add('value', causes);
  }

  /** Reports the key as wrong. */
  reportKey(...causes: readonly string[]): null {
    return this.add('key', causes);
  }

  warn(message: string): void {
    this.diagnostics.warnings.push({ path: this.path, message });
  }

  private add(at: Problem['at'], causes: readonly string[]): null {
    const thrown = this.error === undefined ? {} : { error: this.error };
    const { path, prefix } = this;
    this.diagnostics.problems.push({ path, at, causes: [...prefix, ...causes], context: prefix.length, ...thrown });
    return null;
  }
}
