import fc from 'fast-check';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { synapsePython } from '../../../src/cli/synapse-environment.js';
import { Diagnostics } from '../../../src/config/values/config-cursor.js';
import { readYaml } from '../../../src/config/yaml/yaml-source.js';
import { pythonIsMissing } from '../../support/python-tools.js';
import { oddMember, yamlTexts } from '../../support/yaml-texts.js';

const skip = await pythonIsMissing();

type Kinds = readonly [kind: string, value: unknown];

/** What PyYAML made of a text. */
interface Outcome {
  readonly value?: Kinds;
  readonly notes?: readonly string[];
  readonly refused?: 'compose' | 'construct';
  readonly why?: string;
}

async function safeLoad(texts: readonly string[]): Promise<readonly Outcome[]> {
  const script = join(process.cwd(), 'test/support/python/safe_load_texts.py');
  const python = await synapsePython();
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(python, ['-I', script], { maxBuffer: 2 ** 28 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error('PyYAML did not run', { cause: error }));
    });
    child.stdin?.end(JSON.stringify(texts));
  });
  return JSON.parse(output) as readonly Outcome[];
}

/** Our value in the same form. */
function kinds(value: unknown): Kinds {
  if (value === null) return ['NoneType', null];
  if (Array.isArray(value)) return ['list', value.map(kinds)];
  if (value instanceof Set) return ['set', [...value].map(kinds)];
  if (value instanceof Date) return ['time', value.getTime()];
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')];
  if (typeof value === 'object') return ['map', Object.entries(value).map(([key, member]) => [key, kinds(member)])];
  return [typeof value, value];
}

class NotGiven extends Error {}

/** PyYAML's value as ours is: names for keys, one kind of numbers; thrown is what we refuse on purpose. */
function asOurs([kind, value]: Kinds): Kinds {
  if (kind === 'str') return ['string', value];
  if (kind === 'bool') return ['boolean', value === 'True'];
  if (kind === 'int') {
    if (!Number.isSafeInteger(Number(value))) throw new NotGiven('too large');
    return ['number', Number(value)];
  }
  if (kind === 'float') return ['number', Number(String(value).replace('inf', 'Infinity'))];
  if (kind === 'list' || kind === 'set') return [kind, (value as readonly Kinds[]).map(asOurs)];
  if (kind === 'map')
    return ['map', (value as readonly (readonly [Kinds, Kinds])[]).map(([key, one]) => [nameOf(key), asOurs(one)])];
  return [kind, value];
}

function nameOf([kind, value]: Kinds): string {
  if (kind === 'str') return String(value);
  if (kind === 'bool') return String(value).toLowerCase();
  if (kind === 'NoneType') return 'null';
  if (kind === 'int' || kind === 'float') return String(value);
  throw new NotGiven('a key that is no name');
}

/** In one order: the keys of JavaScript's objects that look like numbers come first. */
function ordered(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const items = value.map(ordered);
  if (items[0] !== 'map' && items[0] !== 'set') return items;
  const [kind, members] = items as [unknown, readonly unknown[]];
  return [kind, [...members].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))];
}

test('5,000 texts are read to the values that PyYAML reads, or refused as PyYAML refuses them', { skip }, async () => {
  const texts = [...new Set(fc.sample(yamlTexts, { numRuns: 5000, seed: 163 }))];
  const outcomes = await safeLoad(texts);
  const counts = { same: 0, refused: 0, named: 0, onPurpose: 0 };
  const wrong: string[] = [];
  for (const [index, text] of texts.entries()) {
    const expected = outcomes[index] ?? {};
    const diagnostics = new Diagnostics();
    const { value } = readYaml(text, diagnostics, { env: {}, files: { read: () => ({ reason: '' }) }, directory: '.' });
    const said = diagnostics.problems.map(({ path, causes }) => `${path.join('.')}: ${causes.join(' ')}`).join('\n');
    const fault = check(text, expected, diagnostics, value);
    if (fault in counts) counts[fault as keyof typeof counts]++;
    else
      wrong.push(
        `${JSON.stringify(text)}\n  ${fault}\n  PyYAML: ${JSON.stringify(expected)}\n  here: ${said || JSON.stringify(kinds(value))}`,
      );
  }
  assert.equal(wrong.length, 0, `${wrong.length} differ:\n${wrong.slice(0, 12).join('\n')}`);
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 100, `${kind}: ${count}`);
});

function check(text: string, expected: Outcome, { problems }: Diagnostics, value: unknown): string {
  if (expected.refused !== undefined) return checkRefusal(text, expected, problems);
  try {
    if (expected.value === undefined || expected.notes?.length !== 0) throw new NotGiven('note');
    const theirs = asOurs(expected.value);
    if (problems.length > 0) return isStricter(problems) ? 'onPurpose' : 'is refused here only';
    assert.deepStrictEqual(ordered(kinds(value)), ordered(theirs));
    return 'same';
  } catch (error) {
    if (!(error instanceof NotGiven)) return 'is another value';
    return problems.length > 0 ? 'onPurpose' : `is taken here only: ${error.message}`;
  }
}

function checkRefusal(text: string, { refused }: Outcome, problems: Diagnostics['problems']): string {
  if (problems.length === 0) return 'is refused by PyYAML only';
  const isMember = text.startsWith(`even: 1\n${oddMember}: `) && refused === 'construct';
  if (!isMember || isStricter(problems)) return 'refused';
  return problems.every(({ path }) => path[0] === oddMember) ? 'named' : 'is refused without its key';
}

/**
 * What is refused here although PyYAML takes it: names that Synapse's JSON would spell in another way, and what the `yaml`
 * package does not know of YAML 1.1.
 */
const STRICTER = [
  /in YAML\. Write it in quotes/,
  /is not visible\. Remove it/,
  /a block of text must be indented/,
  /Comments must be separated/,
  /Anchor ending in : is ambiguous|Unsupported YAML version 0/,
  /Tags and anchors must be separated/,
  /must be sufficiently indented and end with/,
  /Missing , or : between flow map items/,
  /the quotes are not closed, or their next line is not indented/,
  /an empty line follows/,
  /has a meaning of its own in brackets/,
  /collection cannot start on same line with directives-end marker/,
  /more-indented leading empty lines/,
];

function isStricter(problems: Diagnostics['problems']): boolean {
  return STRICTER.some((kind) => kind.test(problems.map(({ causes }) => causes.join(' ')).join(' ')));
}
