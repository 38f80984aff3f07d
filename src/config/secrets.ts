import { resolve } from 'node:path';
import { readRegularFile } from './regular-file.js';

/** What reading a file gave: its text, or why not. */
interface FileContent {
  readonly text?: string;
  readonly reason?: string;
}

/** Reads small text files; tests give their own. */
export interface FileReader {
  readonly read: (path: string) => FileContent;
}

export const fileSystem: FileReader = {
  read: (path) => {
    try {
      return { text: readRegularFile(path, MAX_SECRET_LENGTH).toString('utf8') };
    } catch (error) {
      // Which file and what kind of trouble is for the caller to tell, with its place in the configuration.
      return { reason: reasonOf(error) };
    }
  },
};

const MAX_SECRET_LENGTH = 1_048_576;

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
  };
  return known[code] ?? (error instanceof Error ? error.message : String(error));
}

/** Where secrets come from. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: FileReader;
  readonly directory: string;
}

/** A text with its secrets put in, or what is wrong with it. */
export interface Substitution {
  readonly text: string;
  /** Each secret's value and how it was written. */
  readonly secrets: readonly (readonly [value: string, written: string])[];
  readonly faults: readonly string[];
}

const PLACEHOLDER = /\$?\$\{(env|file):([^}]*)\}/g;

/** Replaces `${env:NAME}` and `${file:PATH}`; `$${env:NAME}` stands for the text `${env:NAME}`. */
export function substituteSecrets(text: string, sources: SecretSources): Substitution {
  const secrets: (readonly [string, string])[] = [];
  const faults: string[] = [];
  const replaced = text.replace(PLACEHOLDER, (written: string, kind: 'env' | 'file', name: string) => {
    if (written.startsWith('$$')) return written.slice(1);
    const content = kind === 'env' ? readVariable(name, sources) : readSecretFile(name, sources);
    if (content.text === undefined) {
      faults.push(content.reason ?? '');
      return '';
    }
    secrets.push([content.text, written]);
    return content.text;
  });
  return { text: replaced, secrets, faults };
}

function readVariable(name: string, sources: SecretSources): FileContent {
  const value = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
  if (value !== undefined) return { text: value };
  return { reason: `the environment variable "${name}" is not set. Set it, or write the value here.` };
}

function readSecretFile(name: string, sources: SecretSources): FileContent {
  const content = sources.files.read(resolve(sources.directory, name));
  if (content.text !== undefined) return { text: content.text.replace(/\r?\n$/, '') };
  return { reason: `cannot read the file "${name}": ${content.reason ?? ''}. Create it, or correct the path.` };
}

/** Takes secret values out of a text that is going to be shown. */
export class Redactor {
  private readonly written = new Map<string, string>();

  add(value: string, written: string): void {
    if (value.trim() !== '') this.written.set(value, written);
  }

  redact(text: string): string {
    if (this.written.size === 0) return text;
    const values = [...this.written.keys()].sort((a, b) => b.length - a.length);
    return text.replace(new RegExp(values.map(patternOf).join('|'), 'g'), (value) => this.written.get(value) ?? '');
  }
}

function patternOf(value: string): string {
  const escaped = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // A short value is part of many innocent words.
  return value.length < 6 ? `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])` : escaped;
}
