import { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { homeserverKeys } from '../../src/config/homeserver/homeserver-keys.js';
import * as sections from '../../src/config/homeserver/homeserver-sections.js';
import { ignoredKeys } from '../../src/config/homeserver/ignored-keys.js';
import { byteSize, duration, flag, isMapping, text } from '../../src/config/values/readers.js';
import { snakeCase } from '../../src/config/values/snake-case.js';
import { unusedSettings } from '../../src/config/homeserver/unused-settings.js';

const introduction = `A configuration file is YAML with the keys of Synapse's \`homeserver.yaml\`, read as Synapse reads it (YAML 1.1: \`yes\` and
\`off\` are booleans, \`<<\` merges), and \`modules\`. [Modules](modules.md) says what stands below \`modules\`.

- Values are those of Synapse's reader (PyYAML's \`safe_load\`) on both hosts: \`08123\` is a text, \`0755\` is octal, \`2026-01-31\` is a
  \`Date\` (midnight UTC), \`.inf\` is \`Infinity\`, \`!!set\` a \`Set\`, \`!!binary\` a \`Uint8Array\`. A whole number beyond 2^53 is refused:
  IDs go in quotes. So is a key without quotes that YAML takes for something else than a text (\`yes:\`). The file is UTF-8.
- All mistakes of a file are reported at once, each with file, line, column and path (\`modules.<item 0>.config.words\`), in
  Synapse's words where Synapse has some. An unknown key is a mistake and gets the nearest name; so are duplicate keys.
- \`\${env:NAME}\` and \`\${file:PATH}\` in a text are replaced by a variable of the environment or by what a file holds (without the
  newline at its end). Such a value is never printed. \`$\${env:NAME}\` stands for the text itself.
- Relative paths start at the folder of the configuration file.
- \`vesicle schema > vesicle.schema.json\` writes a JSON Schema of the whole file, the configurations of its modules included. Editors with
  a YAML language server use it when the file begins with \`# yaml-language-server: $schema=./vesicle.schema.json\`.
- Durations are numbers of milliseconds or texts such as \`90s\`, \`5m\`, \`1h\`, \`5d\`, \`2w\`, \`1y\`; sizes are bytes or \`512K\`, \`50M\`, \`1G\`.
- Defaults are Synapse's, but for these: everybody may register, nothing is rate limited unless its \`rc_...\` key is set (what such
  a key leaves out has Synapse's default), the database is in memory, and the server listens on port 8008 of this machine only.`;

/** `docs/configuration.md`: every key of homeserver.yaml that means something here, from the tables in `src/config`. */
export function configurationReference(): string {
  const defaults = new HomeserverConfig();
  const settings = Object.keys(homeserverKeys) as (keyof typeof homeserverKeys)[];
  const used = settings.filter((setting) => !unusedSettings.has(setting));
  const rows = used
    .map((setting) => row(snakeCase(setting), homeserverKeys[setting], defaults[setting]))
    .concat(row('database', text, defaults.databasePath))
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

function row(key: string, reader: unknown, value: unknown): string {
  const shown = shownDefault(key, reader, value);
  return `- \`${key}\`: ${kind(key, reader, value)}${shown === '' ? '' : `; default ${shown}`}`;
}

function kind(key: string, reader: unknown, value: unknown): string {
  const known = new Map<unknown, string>([
    [text, 'text'],
    [flag, 'true or false'],
    [duration, 'duration'],
    [byteSize, 'size'],
  ]).get(reader);
  if (key === 'database') return "a SQLite file, or Synapse's mapping with `name: sqlite3`";
  if (known !== undefined) return known;
  if (key.startsWith('rc_')) return 'rate limit';
  if (Array.isArray(value) || listKeys.has(key)) return 'list';
  const section = sectionOf(key, value);
  if (section !== undefined) {
    const names = Object.keys(section).map((name) => `\`${snakeCase(name)}\``);
    return `mapping of ${names.join(', ')}`;
  }
  if (value === null || typeof value === 'number') return durations.has(key) ? 'duration, or null' : 'number';
  return isMapping(value) ? 'mapping' : 'text';
}

/** What a default of nothing or a number does not tell. */
const listKeys: ReadonlySet<string> = new Set(['allowed_avatar_mimetypes', 'next_link_domain_whitelist']);
const durations: ReadonlySet<string> = new Set([
  'redaction_retention_period',
  'refreshable_access_token_lifetime',
  'user_ips_max_age',
]);

/** Sections that are not there unless they are written. */
const absentSections: Readonly<Record<string, object>> = {
  email: new sections.EmailConfig(),
  server_notices: new sections.ServerNoticesConfig(),
};

function sectionOf(key: string, value: unknown): object | undefined {
  const section = absentSections[key] ?? (isMapping(value) ? value : undefined);
  return section === undefined || Object.keys(section).length === 0 ? undefined : section;
}

function shownDefault(key: string, reader: unknown, value: unknown): string {
  if (key === 'public_baseurl') return '`https://<server_name>/`';
  if (value === undefined || value === '') return '';
  if (isMapping(value) && sectionOf(key, value) !== undefined) return '';
  if (key === 'listeners') return '`[{ port: 8008, bind_addresses: [127.0.0.1] }]`';
  if (reader === duration || (durations.has(key) && value !== null))
    return `\`${withSuffix(Number(value), DURATIONS)}\``;
  if (reader === byteSize) return `\`${withSuffix(Number(value), SIZES)}\``;
  const json = JSON.stringify(value).replace(/"([A-Za-z]+)":/g, (_, name: string) => `"${snakeCase(name)}": `);
  return `\`${json}\``;
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
