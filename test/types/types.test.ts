import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';

/** Tests run from the root of the project. */
const folder = join(process.cwd(), 'test/types/cases');
const files = readdirSync(folder).map((name) => join(folder, name));

describe('what compiles and what does not', () => {
  const messages = compile();
  for (const file of files) {
    const expected = expectationOf(file);
    it(`${basename(file)}: ${expected ?? 'compiles'}`, () => {
      const found = messages.get(file) ?? [];
      if (expected === undefined) assert.deepEqual(found, []);
      else
        assert.ok(
          found.some((message) => message.includes(expected)),
          found.join('\n') || 'It compiles.',
        );
    });
  }
});

/** What the first line says: the text of the error, or undefined for none. */
function expectationOf(file: string): string | undefined {
  const text = /^\/\/ error: (.+)/.exec(readFileSync(file, 'utf8'))?.[1];
  assert.ok(text !== undefined, `${file} does not start with "// error: ..."`);
  return text === 'none' ? undefined : text;
}

/** The errors of each file, all compiled by one program with the options of the project. */
function compile(): ReadonlyMap<string, readonly string[]> {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const program = ts.createProgram(files, { ...options, noEmit: true, declaration: false, incremental: false });
  const messages = new Map<string, string[]>();
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const file = diagnostic.file?.fileName ?? '';
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    messages.set(file, [...(messages.get(file) ?? []), text]);
  }
  return messages;
}
