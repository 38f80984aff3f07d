import { type ConfigPath, type Problem, type Warning } from './problem.js';

/** What reading a configuration found, besides the values. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly warnings: Warning[] = [];
}

/** Where a reader stands, and where it says what is wrong there. */
export class Place {
  constructor(
    readonly findings: Findings,
    readonly path: ConfigPath = [],
    /** What every fault from here on is the cause of. */
    private readonly prefix: readonly string[] = [],
  ) {}

  /** The place of a member. */
  at(key: string | number): Place {
    return new Place(this.findings, [...this.path, key], this.prefix);
  }

  /** The place of the mapping or list that this is a member of. */
  parent(): Place {
    return new Place(this.findings, this.path.slice(0, -1), this.prefix);
  }

  /** The same place, where every fault is the cause of another. */
  within(...causes: readonly string[]): Place {
    return new Place(this.findings, this.path, [...this.prefix, ...causes]);
  }

  /** The value here is wrong. Returns null, so that a reader can end with it. */
  fault(...causes: readonly string[]): null {
    this.findings.problems.push({ path: this.path, at: 'value', causes: [...this.prefix, ...causes] });
    return null;
  }

  /** The key here is wrong. */
  faultyKey(...causes: readonly string[]): null {
    this.findings.problems.push({ path: this.path, at: 'key', causes: [...this.prefix, ...causes] });
    return null;
  }

  warn(message: string): void {
    this.findings.warnings.push({ path: this.path, message });
  }
}
