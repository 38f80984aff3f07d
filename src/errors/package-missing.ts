import { failureOf } from './failure.js';
import { VesicleError } from './vesicle-error.js';

/** A package that an installation may leave out, and what Vesicle needs it for. */
export interface OptionalPackage {
  readonly name: string;
  /** Stands before "needs the package". */
  readonly use: string;
}

/**
 * Loads a package that an installation may leave out (`optionalDependencies`).
 *
 * @throws `PACKAGE_MISSING` when it is not there, or is there and cannot be loaded on this machine.
 */
export async function loadOptional<Package>(wanted: OptionalPackage, load: () => Promise<Package>): Promise<Package> {
  try {
    return await load();
  } catch (error) {
    throw packageMissing(wanted, error);
  }
}

/** The error for an optional package whose loading failed with `cause`. */
export function packageMissing({ name, use }: OptionalPackage, cause: unknown): VesicleError {
  return new VesicleError('PACKAGE_MISSING', { use, package: name, problem: problemOf(name, cause) }, { cause });
}

/** An absent package is one thing; an installed one that lacks its native part (npm leaves it out, too) is another. */
function problemOf(name: string, cause: unknown): string {
  const [first = ''] = failureOf(cause).message.split(/\n|\. /);
  const isAbsent = new RegExp(`^Cannot find (?:package|module) '${name}'`).test(first);
  return isAbsent ? 'is not installed' : `cannot be loaded (${first.replace(/[.:]$/, '')})`;
}
