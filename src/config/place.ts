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
  ) {}

  /** The place of a member. */
  at(key: string | number): Place {
    return new Place(this.findings, [...this.path, key]);
  }

  /** The value here is wrong. Returns null, so that a reader can end with it. */
  fault(...causes: readonly string[]): null {
    this.findings.problems.push({ path: this.path, at: 'value', causes });
    return null;
  }

  /** The key here is wrong. */
  faultyKey(...causes: readonly string[]): null {
    this.findings.problems.push({ path: this.path, at: 'key', causes });
    return null;
  }

  warn(message: string): void {
    this.findings.warnings.push({ path: this.path, message });
  }
}
