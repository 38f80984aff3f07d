import { homeserverSettings, unusedSettings } from '../../src/config/homeserver/homeserver-config.js';
import { ignoredKeys } from '../../src/config/homeserver/ignored-keys.js';
import { type JsonSchema, unitSchemas } from '../../src/config/values/json-schema.js';
import { byteSize, duration, isMapping } from '../../src/config/values/readers.js';
import { keyOf, NO_EFFECT, type Setting } from '../../src/config/values/settings.js';
import { snakeCase } from '../../src/config/values/snake-case.js';

const introduction = `A configuration file is YAML with the keys of Synapse's \`homeserver.yaml\`, read as Synapse reads it (YAML 1.1: \`yes\` and
\`off\` are booleans, \`<<\` merges), and \`modules\`. [Modules](modules.md) says what stands below \`modules\`.

- Values are those of Synapse's reader (PyYAML's \`safe_load\`) on both hosts: \`08123\` is a string, \`0755\` is octal, \`2026-01-31\` is a
  \`Date\` (midnight UTC), \`.inf\` is \`Infinity\`, \`!!set\` a \`Set\`, \`!!binary\` a \`Uint8Array\`. A whole number beyond 2^53 is refused:
  IDs go in quotes. So is a key without quotes that YAML takes for something else than a string (\`yes:\`). The file is UTF-8.
- All mistakes of a file are reported at once, each with file, line, column and path (\`modules.<item 0>.config.words\`), in
  Synapse's words where Synapse has some. An unknown key is a mistake and gets the nearest name; so are duplicate keys.
- \`\${env:NAME}\` and \`\${file:PATH}\` in a string are replaced by a variable of the environment or by what a file holds (without the
  newline at its end). Such a value is never printed. \`$\${env:NAME}\` stands for the characters themselves.
- Relative paths start at the folder of the configuration file.
- \`vesicle schema > vesicle.schema.json\` writes a JSON Schema of the whole file, the configurations of its modules included. Editors with
  a YAML language server use it when the file begins with \`# yaml-language-server: $schema=./vesicle.schema.json\`.
- Durations are numbers of milliseconds or strings such as \`90s\`, \`5m\`, \`1h\`, \`5d\`, \`2w\`, \`1y\`; sizes are bytes or \`512K\`, \`50M\`, \`1G\`.
- Defaults are Synapse's, but for these: everybody may register, nothing is rate limited unless its \`rc_...\` key is set (what such
  a key leaves out has Synapse's default), the database is in memory, and the server listens on port 8008 of this machine only.`;

/** `docs/configuration.md`: every key of homeserver.yaml that means something here, from the schema in `src/config`. */
export function configurationReference(): string {
  const settings = Object.entries<Setting<unknown>>(homeserverSettings);
  const rows = settings
    .filter(([property]) => !unusedSettings.has(property))
    .map(([property, setting]) => row(keyOf(property, setting), setting))
    .sort();
  const without = [...unusedSettings].map(snakeCase).concat(ignoredKeys).sort();
  return [
    '# Configuration',
    '<!-- Made by `npm run docs` from src/config. Edit that, not this. -->',
    introduction,
    '## Keys of homeserver.yaml',
    rows.join('\n'),
    '## Keys without a meaning here',
    'Synapse knows these; the embedded homeserver accepts them, says so in a warning, and does nothing about them:',
    without.map((key) => `\`${key}\``).join(', ') + '.',
    '',
  ].join('\n\n');
}

function row(key: string, setting: Setting<unknown>): string {
  const shown = shownDefault(setting);
  const { meaning } = setting;
  const facts = [kind(setting.reader.schema ?? {}, key), ...(shown === undefined ? [] : [`default ${shown}`])].join(
    '; ',
  );
  return `- \`${key}\`: ${facts}${meaning === undefined ? '' : `. ${meaning}`}`;
}

function kind(schema: JsonSchema, key: string): string {
  if (key.startsWith('rc_')) return 'rate limit';
  const { anyOf, enum: choices } = schema as {
    readonly anyOf?: readonly JsonSchema[];
    readonly enum?: readonly unknown[];
  };
  if (anyOf !== undefined) return anyOf.map((one) => kind(one, '')).join(', or ');
  if (choices !== undefined) return choicesInWords(choices);
  const unit = units.get(schema['pattern']);
  if (unit !== undefined) return unit;
  if (schema.type === 'array') return schema.items?.type === 'string' ? 'array of strings' : 'array';
  if (schema.type === 'boolean') return 'true or false';
  const names = Object.entries(schema.properties ?? {})
    .filter(([, member]) => hasEffect(member))
    .map(([name]) => `\`${name}\``);
  if (schema.type === 'object') return names.length === 0 ? 'mapping' : `mapping of ${names.join(', ')}`;
  return String(schema.type);
}

const units: ReadonlyMap<unknown, string> = new Map([
  [unitSchemas.duration['pattern'], 'duration'],
  [unitSchemas.byte_size['pattern'], 'size'],
]);

/** A member that the embedded homeserver does not only accept. */
function hasEffect(member: JsonSchema): boolean {
  return Object.keys(member).length > 0 && !String(member['description']).includes(NO_EFFECT);
}

/** One of the choices; a choice that has two spellings is said once. */
function choicesInWords(choices: readonly unknown[]): string {
  const words = new Set(choices.filter((choice) => choice !== false || !choices.includes('off')).map(String));
  return `one of ${[...words].map((word) => `\`${word}\``).join(', ')}`;
}

function shownDefault({ reader, makeDefault }: Setting<unknown>): string | undefined {
  const value = makeDefault?.();
  if (value === undefined || value === '') return undefined;
  // The defaults of a section are those of its members.
  if (isMapping(value) && Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  if (typeof value === 'number' && isOf(reader.schema, duration.schema)) return `\`${withSuffix(value, DURATIONS)}\``;
  if (typeof value === 'number' && isOf(reader.schema, byteSize.schema)) return `\`${withSuffix(value, SIZES)}\``;
  const json = JSON.stringify(value).replace(/"([A-Za-z]+)":/g, (_, name: string) => `"${snakeCase(name)}": `);
  return `\`${json}\``;
}

/** A value of this schema, or null. */
function isOf(schema: JsonSchema | undefined, expected: JsonSchema | undefined): boolean {
  const { anyOf } = (schema ?? {}) as { readonly anyOf?: readonly JsonSchema[] };
  return schema === expected || anyOf?.[0] === expected;
}

const DURATIONS: readonly (readonly [string, number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

const SIZES: readonly (readonly [string, number])[] = [
  ['G', 1024 ** 3],
  ['M', 1024 ** 2],
  ['K', 1024],
];

function withSuffix(value: number, suffixes: readonly (readonly [string, number])[]): string {
  const suffix = suffixes.find(([, factor]) => value > 0 && value % factor === 0);
  return suffix === undefined ? String(value) : `${value / suffix[1]}${suffix[0]}`;
}
