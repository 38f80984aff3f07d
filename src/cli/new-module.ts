/** The files of a new module, by their names. */
export function newModule(name: string, version: string): ReadonlyMap<string, string> {
  const type = classNameOf(name);
  const texts: Readonly<Record<string, string>> = {
    'package.json': packageJson(name, version),
    'tsconfig.json': tsconfig,
    '.gitignore': 'dist\nnode_modules\n',
    'vesicle.yaml': configuration(name),
    [`${name}.ts`]: moduleText(type),
    [`${name}.test.ts`]: testText(name, type),
    'README.md': readme(name),
  };
  return new Map(Object.entries(texts));
}

/** Whether a module can be called so: its name becomes that of a package, of files and of a class. */
export function isModuleName(name: string): boolean {
  return /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) && name.length <= 100 && name !== 'vesicle';
}

/** What the new files import: a class cannot be called so. */
const imported: ReadonlySet<string> = new Set([
  'Callback',
  'Codes',
  'IsString',
  'MatrixEvent',
  'Module',
  'SpamVerdict',
]);

/** `WordFilter` of `word-filter`. */
function classNameOf(name: string): string {
  const type = name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return imported.has(type) ? `${type}Module` : type;
}

function packageJson(name: string, version: string): string {
  const content = {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    scripts: { start: 'vesicle dev', test: 'vesicle check && tsc && node --test dist/*.test.js' },
    dependencies: { 'class-validator': '^0.15.1', vesicle: `^${version}` },
    devDependencies: { '@types/node': '^24.0.0', typescript: '~6.0.0' },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

const tsconfig = `{
  "compilerOptions": {
    "target": "ES2022",
    "lib": ["ES2023", "ESNext.Disposable"],
    "module": "NodeNext",
    "types": ["node"],
    "outDir": "dist",
    "strict": true,
    "skipLibCheck": true,
    "verbatimModuleSyntax": true,
    "experimentalDecorators": true,
    "emitDecoratorMetadata": true
  },
  "include": ["*.ts"]
}
`;

function configuration(name: string): string {
  return `server_name: localhost
listeners: [{ port: 8008 }]
modules:
  - module: ./${name}.ts
    config:
      banned_words: [casino]
`;
}

function moduleText(type: string): string {
  return `import { IsString } from 'class-validator';
import { Callback, Codes, Module, NOT_SPAM, type MatrixEvent, type SpamVerdict } from 'vesicle';

class ${type}Config {
  @IsString({ each: true }) bannedWords: string[] = []; // banned_words in vesicle.yaml
}

@Module({ config: ${type}Config })
export class ${type} {
  constructor(private readonly config: ${type}Config) {}

  @Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.message' } })
  async checkEvent(event: MatrixEvent): Promise<SpamVerdict> {
    const body = String(event.content['body']);
    return this.config.bannedWords.some((word) => body.includes(word)) ? Codes.FORBIDDEN : NOT_SPAM;
  }
}
`;
}

function testText(name: string, type: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHomeserver } from 'vesicle/testing';
import { ${type} } from './${name}.js';

test('a message with a banned word is refused, others pass', async () => {
  await using hs = await startHomeserver({ modules: [[${type}, { banned_words: ['casino'] }]] });
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  assert.equal((await alice.send(room, 'good morning')).status, 200);
  assert.equal((await alice.send(room, 'visit my casino')).errcode, 'M_FORBIDDEN');
});
`;
}

function readme(name: string): string {
  return `# ${name}

A Synapse module. \`${name}.ts\` is the module, \`vesicle.yaml\` its configuration.

\`\`\`sh
npm install
npm test
npm start
\`\`\`

\`npm test\` checks the configuration, compiles, and runs \`${name}.test.ts\` on a homeserver in the same process. \`npm start\` runs a
homeserver with the module at http://localhost:8008 and loads the module again when its file changes.

| setting        | meaning                               |
| -------------- | ------------------------------------- |
| \`banned_words\` | words that a message must not contain |
`;
}
