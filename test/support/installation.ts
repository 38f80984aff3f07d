import { cp, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { inProject, projectText } from './project.js';
import { temporaryFolder } from './temporary-folder.js';

/** The parts of `package.json` that npm installs. */
export interface PackageDescription {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** `package.json` of the project. */
export function packageDescription(): PackageDescription {
  return JSON.parse(projectText('package.json')) as PackageDescription;
}

/** Vesicle as npm installs it, in a folder of its own. */
export interface Installation {
  /** The project that it is installed in, for modules and configurations. */
  readonly folder: string;
  /** The file that `vesicle` is. */
  readonly command: string;
}

/**
 * Installs what is shipped with the packages that it depends on, without some of them: nothing above the folder has them
 * either. `isWithoutNativeParts` leaves out what `npm install --omit=optional` leaves out of oxc-transform.
 */
export async function installWithout(
  t: TestContext,
  absent: readonly string[],
  { isWithoutNativeParts = false } = {},
): Promise<Installation> {
  const folder = await temporaryFolder(t);
  const installed = join(folder, 'node_modules/vesicle');
  for (const path of ['bin', 'dist/bundle', 'package.json']) {
    await cp(inProject(path), join(installed, path), { recursive: true });
  }
  const { dependencies, optionalDependencies } = packageDescription();
  const present = Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !absent.includes(name));
  for (const name of present) {
    const [from, to] = [inProject(`node_modules/${name}`), join(folder, 'node_modules', name)];
    await mkdir(dirname(to), { recursive: true });
    // Node looks for the parts of a linked package beside the original.
    if (isWithoutNativeParts && name === 'oxc-transform') await cp(from, to, { recursive: true });
    else await symlink(from, to);
  }
  return { folder, command: join(installed, 'bin/vesicle.js') };
}
