import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheFolder, installedSynapse, synapsePython, synapseVersion } from '../../../src/cli/synapse-environment.js';

test('a Python that is named is taken', async () => {
  assert.equal(await synapsePython({ env: { VESICLE_SYNAPSE_PYTHON: '/opt/python' } }), '/opt/python');
});

test('an environment that was made is taken', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'vesicle-cache-'));
  t.after(() => rm(cache, { recursive: true, force: true }));
  const folder = join(cache, `synapse-${synapseVersion}`);
  await mkdir(folder);
  await writeFile(join(folder, 'ready'), '');
  assert.equal(await synapsePython({ env: { VESICLE_CACHE: cache } }), join(folder, 'bin', 'python'));
});

test('without a Python it is said what to install', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'vesicle-cache-'));
  t.after(() => rm(cache, { recursive: true, force: true }));
  await assert.rejects(synapsePython({ env: { VESICLE_CACHE: cache, PATH: cache } }), {
    code: 'CLI_PYTHON_MISSING',
    message: /python3\.11.*Install Python 3\.10 or newer/,
  });
});

test('of a Python that is named but has no Synapse, that is said', async () => {
  const unusable = [
    ['/no/such/python', /names \/no\/such\/python, which has no Synapse: .*ENOENT.*unset it/],
    [process.execPath, /which has no Synapse: .*Name a Python that has matrix-synapse/],
  ] as const;
  for (const [python, message] of unusable) {
    await assert.rejects(installedSynapse(python), { code: 'CLI_SYNAPSE_NOT_FOUND', message });
  }
});

test('things that can be made again are kept in the cache folder of the user', () => {
  assert.equal(cacheFolder({ VESICLE_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a');
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/b' }), '/b/vesicle');
});
