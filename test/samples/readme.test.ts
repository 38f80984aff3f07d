import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { inProject, projectText } from '../support/project.js';
import { folderWith, startCli } from '../support/vesicle-cli.js';

/** The lines that a reader types. */
function commandsOf(readme: string): readonly string[] {
  return [...projectText(readme).matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.trim().split('\n'));
}

for (const sample of await readdir(inProject('samples'))) {
  test(`the commands of samples/${sample}/README.md do what it says`, { timeout: 60_000 }, async (t) => {
    const [dev = '', ...others] = commandsOf(`samples/${sample}/README.md`);
    const [, file = ''] = /^npx vesicle dev (\S+)$/.exec(dev) ?? [];
    // Any free port, so that another server on this machine does not matter.
    const yaml = projectText(file)
      .replace('port: 8008', 'port: 0')
      .replace('./module.ts', inProject(`samples/${sample}/module.ts`));
    const folder = await folderWith(t, {});
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), yaml);
    const { see } = startCli(t, folder, ['dev', file]);
    const [, url = ''] = await see(/^Vesicle runs localhost at (\S+)$/m);
    for (const command of others) {
      const [, target = ''] = /^curl http:\/\/localhost:8008(\S+)$/.exec(command) ?? [];
      assert.notEqual(target, '', `nobody tries: ${command}`);
      const response = await fetch(`${url}${target}`);
      assert.equal(response.status, 200, command);
    }
  });
}
