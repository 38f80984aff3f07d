import { failureOf } from '../../errors/failure.js';
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
  const { message, code = '' } = failureOf(error);
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
  };
  return known[code] ?? message;
}

/** Where secrets come from. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: FileReader;
  readonly directory: string;
}

/** A value that must not be shown, and how it was written. */
export interface Secret {
  readonly value: string;
  readonly written: string;
  /** It is hidden where it is a word of its own only. */
  readonly isWord: boolean;
}

/** A text with its secrets put in, or what is wrong with it. */
export interface Substitution {
  readonly text: string;
  /** What must not be shown. */
  readonly secrets: readonly Secret[];
  readonly faults: readonly string[];
}

const PLACEHOLDER = /\$?\$\{(env|file):([^}]*)\}/g;

/** Replaces `${env:NAME}` and `${file:PATH}`; `$${env:NAME}` stands for the text `${env:NAME}`. */
export function substituteSecrets(text: string, sources: SecretSources): Substitution {
  const parts: Part[] = [];
  const faults: string[] = [];
  let end = 0;
  for (const { 0: written, 1: kind, 2: name = '', index } of text.matchAll(PLACEHOLDER)) {
    parts.push(literal(text.slice(end, index)));
    end = index + written.length;
    if (written.startsWith('$$')) {
      parts.push(literal(written.slice(1)));
      continue;
    }
    const content = kind === 'env' ? readVariable(name, sources) : readSecretFile(name, sources);
    if (content.text === undefined) faults.push(content.reason ?? '');
    else parts.push({ value: content.text, written, isSecret: content.text.trim() !== '' });
  }
  parts.push(literal(text.slice(end)));
  const secrets = parts.filter(({ isSecret }) => isSecret);
  return {
    text: parts.map(({ value }) => value).join(''),
    secrets: [...secrets.map((part) => ({ ...part, isWord: isShort(part.value) })), ...wordsAround(parts)],
    faults,
  };
}

/** A piece of a text: what it becomes, and how it was written. */
interface Part {
  readonly value: string;
  readonly written: string;
  readonly isSecret: boolean;
}

function literal(value: string): Part {
  return { value, written: value, isSecret: false };
}

/** A short value is part of many innocent words. */
function isShort(value: string): boolean {
  return value.length < 6;
}

/** The words that short secrets are parts of, where letters or digits stand right beside them: they tell the secret as it does. */
function wordsAround(parts: readonly Part[]): readonly Secret[] {
  const words: Part[][] = [[]];
  for (const part of parts.flatMap((one) => (one.isSecret ? [one] : runsOf(one.value)))) {
    if (part.isSecret || LETTER.test(part.value)) words.at(-1)?.push(part);
    else words.push([]);
  }
  return words
    .filter((word) => word.length > 1 && word.some(({ value, isSecret }) => isSecret && isShort(value)))
    .map((word) => ({
      value: word.map(({ value }) => value).join(''),
      written: word.map(({ written }) => written).join(''),
      isWord: true,
    }));
}

const LETTER = /^[\p{L}\p{N}]/u;

function runsOf(text: string): readonly Part[] {
  return (text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]+/gu) ?? []).map(literal);
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
  private readonly secrets = new Map<string, Secret>();

  add(secret: Secret): void {
    this.secrets.set(secret.value, secret);
    // As it stands where a value is shown as JSON.
    const value = JSON.stringify(secret.value).slice(1, -1);
    this.secrets.set(value, { ...secret, value });
  }

  redact(text: string): string {
    if (this.secrets.size === 0) return text;
    const secrets = [...this.secrets.values()].sort((a, b) => b.value.length - a.value.length);
    return text.replace(new RegExp(secrets.map(patternOf).join('|'), 'gu'), (value) => {
      return this.secrets.get(value)?.written ?? '';
    });
  }
}

function patternOf({ value, isWord }: Secret): string {
  const escaped = value.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  return isWord ? `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])` : escaped;
}
