import { fileURLToPath } from 'node:url';

/** What was imported by whom: urls, or the specifier that a module was asked for by. */
export type ImportNote = readonly [from: string, to: string];

/** The package whose copies matter: decorators of another version record for nobody. */
export const watchedPackage = 'inversify';

/** Knows which files a module consists of. */
export class ImportGraph {
  private readonly edges = new Map<string, Set<string>>();
  /** The URL that each file was loaded under at last. */
  private readonly urls = new Map<string, string>();
  private last: string | undefined;

  note([by, to]: ImportNote): void {
    // A CommonJS file says its path only, whatever it was loaded under.
    const from = this.urls.get(by) ?? by;
    this.urls.set(to.replace(/\?.*$/, ''), to);
    const known = this.edges.get(from);
    if (known === undefined) this.edges.set(from, new Set([to]));
    else known.add(to);
    if (from !== watchedPackage) this.last = to;
  }

  /** In how many places files found the watched package. */
  get watchedCount(): number {
    return this.edges.get(watchedPackage)?.size ?? 0;
  }

  /** Where files found the watched package. */
  get watchedFiles(): readonly string[] {
    return [...(this.edges.get(watchedPackage) ?? [])].map(pathOf);
  }

  /** The files that are reached from here, in the order of their imports, each once. */
  filesFrom(specifier: string): readonly string[] {
    const reached = new Set<string>();
    const visit = (from: string): void => {
      for (const to of this.edges.get(from) ?? []) {
        if (reached.has(to)) continue;
        reached.add(to);
        visit(to);
      }
    };
    visit(specifier);
    return [...new Set([...reached].map(pathOf))];
  }

  /** The file that was asked for last: the one that could not be loaded, when one could not. */
  get lastFile(): string | undefined {
    return this.last === undefined ? undefined : pathOf(this.last);
  }
}

function pathOf(url: string): string {
  return fileURLToPath(url.replace(/\?.*$/, ''));
}
