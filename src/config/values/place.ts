import type { ConfigPath, Problem, Warning } from './problem.js';

/** What reading a configuration found, besides the values. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly warnings: Warning[] = [];
  /** The places of numbers such as `11.0`: JavaScript takes them for whole ones, Python does not. */
  readonly pointed = new Set<string>();
}

/** Where a reader stands, and where it says what is wrong there. */
export class Place {
  constructor(
    readonly findings: Findings,
    readonly path: ConfigPath = [],
    /** What every fault from here on is the cause of. */
    private readonly prefix: readonly string[] = [],
    private readonly error?: unknown,
  ) {}

  /** The place of a member. */
  at(key: string | number): Place {
    return this.into([key]);
  }

  /** The place at the end of a path that starts here. */
  into(path: ConfigPath): Place {
    return new Place(this.findings, [...this.path, ...path], this.prefix, this.error);
  }

  /** The number here is written with a point, although nothing stands behind it. */
  get isPointed(): boolean {
    return this.findings.pointed.has(JSON.stringify(this.path));
  }

  markPointed(): void {
    this.findings.pointed.add(JSON.stringify(this.path));
  }

  /** The place of the mapping or list that this is a member of. */
  parent(): Place {
    return new Place(this.findings, this.path.slice(0, -1), this.prefix, this.error);
  }

  /** The same place, where every fault is the cause of another. */
  within(...causes: readonly string[]): Place {
    return new Place(this.findings, this.path, [...this.prefix, ...causes], this.error);
  }

  /** The same place, where faults were thrown. */
  because(error: unknown): Place {
    return new Place(this.findings, this.path, this.prefix, error);
  }

  /** The value here is wrong. Returns null, so that a reader can end with it. */
  fault(...causes: readonly string[]): null {
    return this.report('value', causes);
  }

  /** The key here is wrong. */
  faultyKey(...causes: readonly string[]): null {
    return this.report('key', causes);
  }

  warn(message: string): void {
    this.findings.warnings.push({ path: this.path, message });
  }

  private report(at: Problem['at'], causes: readonly string[]): null {
    const thrown = this.error === undefined ? {} : { error: this.error };
    const { path, prefix } = this;
    this.findings.problems.push({ path, at, causes: [...prefix, ...causes], context: prefix.length, ...thrown });
    return null;
  }
}
