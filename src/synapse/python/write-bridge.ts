import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type BridgeModules, packageName, readBridgeModules, statedVersion, versionOf } from './bridge-package.js';
import { joinModules } from './single-file.js';

/** A bridge that was written. */
export interface WrittenBridge {
  /** The folder, or the one file. */
  readonly path: string;
  /** The version of the bridge that was there. */
  readonly replaced: string | undefined;
  /** An older bridge of one file, which was removed. */
  readonly removed?: string;
}

const entryName = '__init__.py';
const fileName = `${packageName}.py`;

/**
 * Writes the bridge as a folder into a directory, which is made if need be. What only has the name of the bridge is left alone.
 *
 * A directory cannot be put in the place of another in one step, and Python reads the files of a package one by one. So the
 * modules are in a folder of their own for each release, and `__init__.py`, which is exchanged last and in one step, names that
 * folder. Whoever imports the bridge meanwhile gets the old one whole, whose folder stays until the next time, or the new one.
 *
 * @param source - the folder that holds the bridge in this package
 */
export function writeBridgeFolder(source: string, directory: string): WrittenBridge {
  const modules = readBridgeModules(source);
  const folder = join(directory, packageName);
  const file = join(directory, fileName);
  const fileVersion = versionOfFile(file);
  const replaced = versionOfFolder(folder) ?? fileVersion;
  const entry = join(folder, entryName);
  const before = existsSync(entry) ? releaseNamedIn(readFileSync(entry, 'utf8')) : undefined;

  const release = releaseName(modules);
  mkdirSync(join(folder, release), { recursive: true });
  for (const [name, text] of modules) replaceFile(join(folder, release, name), text, join(folder, release));
  syncFolder(join(folder, release));
  syncFolder(folder);
  replaceFile(entry, entryText(release, versionOf(modules) ?? ''), join(folder, release));
  syncFolder(folder);

  for (const name of readdirSync(folder)) {
    if (isRelease(name) && name !== release && name !== before) rmSync(join(folder, name), { recursive: true });
  }
  if (fileVersion === undefined) return { path: folder, replaced };
  // Python prefers the folder.
  rmSync(file);
  return { path: folder, replaced, removed: file };
}

/** Writes the bridge as one file into a directory, which is made if need be; a file or folder that is in the way is left alone. */
export function writeBridgeFile(source: string, directory: string): WrittenBridge {
  const target = join(directory, fileName);
  if (existsSync(join(directory, packageName, entryName))) {
    throw new Error(`Python prefers its folder ${packageName} to one file, so that this would not be read`);
  }
  const replaced = versionOfFile(target);
  const text = joinModules(readBridgeModules(source));
  mkdirSync(directory, { recursive: true });
  // Into the file that is there: a container may have mounted it.
  if (existsSync(target)) writeWhole(target, 'r+', text);
  else replaceFile(target, text, directory);
  syncFolder(directory);
  return { path: target, replaced };
}

function releaseName(modules: BridgeModules): string {
  const hash = createHash('sha256').update(JSON.stringify([...modules]));
  return `release_${(versionOf(modules) ?? '').replace(/\W/g, '_')}_${hash.digest('hex').slice(0, 12)}`;
}

function isRelease(name: string): boolean {
  return /^release_\w+$/.test(name);
}

function releaseNamedIn(entry: string): string | undefined {
  return /^from \.(release_\w+) import /m.exec(entry)?.[1];
}

function entryText(release: string, version: string): string {
  return `"""Runs Vesicle's TypeScript modules inside Synapse: written by \`vesicle bridge\`, which exchanges this file last."""

from .${release} import VesicleBridge

__all__ = ["VesicleBridge"]

BRIDGE_VERSION = "${version}"
`;
}

function versionOfFile(target: string): string | undefined {
  if (!existsSync(target)) return undefined;
  const version = statedVersion(readFileSync(target, 'utf8'));
  if (version === undefined) throw new Error(`its ${fileName} is another file`);
  return version;
}

function versionOfFolder(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  if (!statSync(folder).isDirectory()) throw new Error(`its ${packageName} is no folder`);
  const names = readdirSync(folder);
  // What a container makes of a folder that it mounts, or what is left of a first writing that was interrupted.
  if (names.every((name) => name === '__pycache__' || isRelease(name))) return undefined;
  const texts = names.filter((name) => name.endsWith('.py')).map((name) => readFileSync(join(folder, name), 'utf8'));
  const version = texts.map(statedVersion).find((stated) => stated !== undefined);
  if (version === undefined || !names.includes(entryName)) throw new Error(`its ${packageName} is another folder`);
  return version;
}

/** Puts a file in its place in one step, when it is whole and on the disk. */
function replaceFile(target: string, text: string, besides: string): void {
  const written = existsSync(target) ? statSync(target) : undefined;
  if (written !== undefined && readFileSync(target, 'utf8') === text) return;
  const unfinished = join(besides, `.${String(process.pid)}.unfinished`);
  writeWhole(unfinished, 'w', text);
  // Python takes what it has compiled for that of another file only by the second and the size.
  const second = 1000;
  const least = (written?.mtimeMs ?? 0) + second;
  if (Date.now() < least) utimesSync(unfinished, least / second, least / second);
  renameSync(unfinished, target);
}

function writeWhole(file: string, flags: 'w' | 'r+', text: string): void {
  const data = Buffer.from(text);
  const descriptor = openSync(file, flags);
  try {
    for (let at = 0; at < data.length;) at += writeSync(descriptor, data, at);
    ftruncateSync(descriptor, data.length);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Has the names in a folder on the disk. */
function syncFolder(folder: string): void {
  // Windows has no such thing.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
