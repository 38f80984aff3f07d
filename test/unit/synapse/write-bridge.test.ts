import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { writeBridgeFile, writeBridgeFolder } from '../../../src/synapse/python/write-bridge.js';
import { pythonIsMissing } from '../../support/python-tools.js';

const run = promisify(execFile);

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'vesicle-bridge-'));
  t.after(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

/** A bridge of so many modules that each say which version they are of. */
function source(t: TestContext, version: string, count = 3): string {
  const made = folder(t);
  const names = Array.from({ length: count }, (_, index) => `part_${String(index)}`);
  const files: Record<string, string> = {
    '__init__.py': '"""A bridge."""\n\nfrom .module import VesicleBridge\n',
    'link_table.py': `"""A table."""\n\nfrom typing import Final\n\nBRIDGE_VERSION: Final = "${version}"\n`,
    'module.py': `"""A module."""\n\nfrom .link_table import BRIDGE_VERSION\n${names
      .map((name) => `from .${name} import ${name.toUpperCase()}\n`)
      .join('')}\nVesicleBridge = {BRIDGE_VERSION, ${names.map((name) => name.toUpperCase()).join(', ')}}\n`,
  };
  for (const name of names) files[`${name}.py`] = `"""A part."""\n\n${name.toUpperCase()} = "${version}"\n`;
  mkdirSync(join(made, 'vesicle_bridge'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, 'vesicle_bridge', name), text);
  return made;
}

const releases = (directory: string): readonly string[] =>
  readdirSync(join(directory, 'vesicle_bridge')).filter((name) => name.startsWith('release_'));

test('the release before stays, older ones go, and what is the same is not written again', (t) => {
  const directory = folder(t);
  const sources = ['1.0.0', '1.1.0', '1.2.0'].map((version) => source(t, version));
  assert.deepEqual(
    sources.map((one) => writeBridgeFolder(one, directory).replaced),
    [undefined, '1.0.0', '1.1.0'],
  );
  assert.deepEqual(
    releases(directory).map((name) => name.slice(0, 13)),
    ['release_1_1_0', 'release_1_2_0'],
  );
  const entry = join(directory, 'vesicle_bridge/__init__.py');
  const { ino } = statSync(entry);
  writeBridgeFolder(sources[2] ?? '', directory);
  assert.equal(statSync(entry).ino, ino);
});

test('what an interrupted writing left is made whole', (t) => {
  const directory = folder(t);
  const from = source(t, '1.0.0');
  writeBridgeFolder(from, directory);
  const [release = ''] = releases(directory);
  rmSync(join(directory, 'vesicle_bridge/__init__.py'));
  writeFileSync(join(directory, 'vesicle_bridge', release, 'part_0.py'), 'PART');
  rmSync(join(directory, 'vesicle_bridge', release, 'part_1.py'));
  assert.equal(writeBridgeFolder(from, directory).replaced, undefined);
  assert.match(readFileSync(join(directory, 'vesicle_bridge', release, 'part_0.py'), 'utf8'), /PART_0 = "1\.0\.0"/);
  assert.ok(existsSync(join(directory, 'vesicle_bridge', release, 'part_1.py')));
});

test('a bridge that was copied from the package, or made by a container, is taken over', (t) => {
  const copied = source(t, '0.9.0');
  assert.equal(writeBridgeFolder(source(t, '1.0.0'), copied).replaced, '0.9.0');
  const mounted = folder(t);
  mkdirSync(join(mounted, 'vesicle_bridge'));
  assert.equal(writeBridgeFolder(source(t, '1.0.0'), mounted).replaced, undefined);
});

test('what only has the name of the bridge is left alone', (t) => {
  const from = source(t, '1.0.0');
  const foreign: readonly (readonly [file: string, text: string, why: RegExp])[] = [
    ['vesicle_bridge.py', '# mine', /vesicle_bridge\.py is another file/],
    ['vesicle_bridge', '# mine', /vesicle_bridge is no folder/],
    ['vesicle_bridge/__init__.py', '# mine', /vesicle_bridge is another folder/],
    ['vesicle_bridge/notes.txt', 'mine', /vesicle_bridge is another folder/],
  ];
  for (const [file, text, why] of foreign) {
    const directory = folder(t);
    if (file.includes('/')) mkdirSync(join(directory, 'vesicle_bridge'));
    writeFileSync(join(directory, file), text);
    assert.throws(() => writeBridgeFolder(from, directory), why);
    assert.equal(readFileSync(join(directory, file), 'utf8'), text);
    assert.equal(readdirSync(directory).length, 1);
  }
});

test('one file is written into the one that is there, which a container may have mounted', (t) => {
  const directory = folder(t);
  const { path } = writeBridgeFile(source(t, '1.0.0', 9), directory);
  const { ino } = statSync(path);
  assert.equal(writeBridgeFile(source(t, '1.1.0', 1), directory).replaced, '1.0.0');
  assert.equal(statSync(path).ino, ino);
  assert.doesNotMatch(readFileSync(path, 'utf8'), /1\.0\.0/);
  assert.equal(writeBridgeFolder(source(t, '1.2.0'), directory).removed, path);
  assert.equal(existsSync(path), false);
});

test(
  'who imports the bridge while it is written gets one release whole',
  { skip: await pythonIsMissing() },
  async (t) => {
    const directory = folder(t);
    const sources = ['1.0.0', '2.0.0'].map((version) => source(t, version, 40));
    const [first = '', second = ''] = sources;
    writeBridgeFolder(first, directory);
    // Imports again and again; what is compiled is kept, as Python does.
    const script = `
import sys
while not sys.stdin.closed:
    for name in [name for name in sys.modules if name.startswith("vesicle_bridge")]:
        del sys.modules[name]
    from vesicle_bridge import VesicleBridge
    if len(VesicleBridge) != 1:
        sys.exit(f"mixed: {VesicleBridge}")
    seen = globals().setdefault("seen", set())
    seen |= VesicleBridge
    globals()["count"] = globals().get("count", 0) + 1
    if count == 60:
        print(len(seen))
        break
`;
    const importing = run('python3', ['-c', script], { env: { ...process.env, PYTHONPATH: directory } });
    const ending = { isOver: false };
    void importing.finally(() => {
      ending.isOver = true;
    });
    for (let turn = 0; !ending.isOver; turn++) {
      writeBridgeFolder(turn % 2 === 0 ? second : first, directory);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal((await importing).stdout, '2\n');
  },
);
