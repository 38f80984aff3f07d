import { didYouMean } from '../errors/nearest-name.js';
import { isArray, isJsonObject, type JsonObject } from '../matrix/json.js';
import type { Subject } from './subject.js';

/** Whether a question with these arguments passes a filter. */
export type Filter = (args: readonly unknown[]) => boolean;

type Test = (value: unknown) => boolean;
type Report = (problem: string) => void;

const fields = ['type', 'state_key', 'sender', 'room_id'] as const;
const keys = [...fields, 'content.<path>', 'not'];
const forms = ['glob', 'prefix', 'not', 'exists', 'local'];

/** Compiles a filter once; `report` gets each mistake in it. */
export function compileWhen(when: unknown, subject: Subject, isLocal: Test, report: Report): Filter {
  const compiler = new WhenCompiler(subject, isLocal, report);
  return compiler.all(when, 'when');
}

class WhenCompiler {
  constructor(
    private readonly subject: Subject,
    private readonly isLocal: Test,
    private readonly report: Report,
  ) {}

  /** Every member of a filter must hold. */
  all(when: unknown, at: string): Filter {
    if (!isJsonObject(when)) return this.fail(`${at} must be an object of tests`);
    const filters = Object.entries(when)
      .filter(([, test]) => test !== undefined)
      .map(([key, test]) => this.member(key, test, at));
    return (args) => filters.every((filter) => filter(args));
  }

  private member(key: string, test: unknown, at: string): Filter {
    if (key === 'not') return this.none(test, `${at}.not`);
    const read = key.startsWith('content.') ? this.contentReader(key, at) : this.fieldReader(key, at);
    const passes = this.test(test, `${at}.${key}`, key === 'sender');
    return (args) => passes(read(args));
  }

  private none(filters: unknown, at: string): Filter {
    const list: readonly unknown[] = isArray(filters) ? filters : [filters];
    const compiled = list.map((filter) => this.all(filter, at));
    return (args) => !compiled.some((filter) => filter(args));
  }

  private fieldReader(key: string, at: string): (args: readonly unknown[]) => unknown {
    const field = fields.find((candidate) => candidate === key);
    if (field === undefined) return this.fail(`${at} has no test "${key}".${didYouMean(key, keys)}`);
    const read = this.subject[field];
    return read ?? this.fail(`${at}.${key}: this callback is not told a ${field} that could be tested`);
  }

  private contentReader(key: string, at: string): (args: readonly unknown[]) => unknown {
    const { content } = this.subject;
    if (content === undefined)
      return this.fail(`${at}.${key}: this callback is not told a content that could be tested`);
    const path = parsePath(key.slice('content.'.length));
    return (args) => memberAt(content(args), path);
  }

  private test(test: unknown, at: string, isSender: boolean): Test {
    if (isJsonObject(test)) return this.form(test, at, isSender);
    if (!Array.isArray(test)) return this.oneOf([test], at);
    return test.length > 0 ? this.oneOf(test, at) : this.fail(`${at}: an empty list lets nothing through`);
  }

  private oneOf(values: readonly unknown[], at: string): Test {
    const isPlain = values.every((value) => value === null || ['string', 'number', 'boolean'].includes(typeof value));
    if (!isPlain) return this.fail(`${at} must be a string, a number, a boolean, null, an array of these, or a test`);
    const known = new Set(values);
    return (value) => known.has(value);
  }

  private form(test: JsonObject, at: string, isSender: boolean): Test {
    const [[form, operand] = ['', undefined], ...others] = Object.entries(test);
    if (others.length > 0 || !forms.includes(form) || (form === 'local' && !isSender)) {
      const names = isSender ? forms : forms.filter((name) => name !== 'local');
      return this.fail(`${at} must have exactly one of ${names.join(', ')}`);
    }
    return this.operand(form, operand, at, isSender);
  }

  private operand(form: string, operand: unknown, at: string, isSender: boolean): Test {
    if (form === 'not') {
      const passes = this.test(operand, `${at}.not`, isSender);
      return (value) => !passes(value);
    }
    if (form === 'glob') return this.texts(operand, `${at}.glob`, globTest);
    if (form === 'prefix') return this.texts(operand, `${at}.prefix`, (prefix) => (text) => text.startsWith(prefix));
    if (typeof operand !== 'boolean') return this.fail(`${at}.${form} must be true or false`);
    return form === 'exists'
      ? (value) => (value !== undefined) === operand
      : (value) => typeof value === 'string' && this.isLocal(value) === operand;
  }

  private texts(operand: unknown, at: string, compile: (pattern: string) => (text: string) => boolean): Test {
    const patterns: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
    if (patterns.length === 0 || !patterns.every((pattern) => typeof pattern === 'string')) {
      return this.fail(`${at} must be a string or an array of strings`);
    }
    const tests = patterns.map(compile);
    return (value) => typeof value === 'string' && tests.some((passes) => passes(value));
  }

  private fail(problem: string): () => false {
    this.report(problem);
    return () => false;
  }
}

/** Dots separate the names of a path; `\.` is a dot and `\\` a backslash in a name, as in push rules. */
function parsePath(path: string): readonly string[] {
  const names = [''];
  for (const [piece] of path.matchAll(/\\[.\\]|\.|[^.\\]+|\\/g)) {
    if (piece === '.') names.push('');
    else names.push((names.pop() ?? '') + (piece.length === 2 && piece.startsWith('\\') ? piece.slice(1) : piece));
  }
  return names;
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (!isJsonObject(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** Linear in the text for each `*`: backtracks to the last star only, so no pattern is slow. */
function globTest(glob: string): (text: string) => boolean {
  const pattern = Array.from(glob);
  return (text) => matchesGlob(pattern, Array.from(text));
}

function matchesGlob(pattern: readonly string[], text: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < text.length;) {
    if (pattern[at] === '*') {
      star = at++;
      resume = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  return pattern.slice(at).every((character) => character === '*');
}
