import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Configuration } from '../../src/config/configuration.js';
import { loadModules } from '../../src/loader/module-source.js';
import { assertCleanLog, BridgedPlace, moduleFolder } from '../support/bridged-synapse.js';
import { EmbeddedHomeserver } from '../support/embedded-homeserver.js';
import { pythonIsMissing } from '../support/python-tools.js';
import { type RunningSynapse, SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

const skip = await pythonIsMissing();

/** What is asked for, and what both hosts answer. */
const cases: readonly (readonly [query: string, answer: unknown])[] = [
  ['directory=letters&name=hello.html&name=hello.txt', ['<p>Hello <b>&lt;Ann&gt;</b>!</p>', 'Hello <Ann>, 🙂']],
  [`directory=${encodeURIComponent(`${moduleFolder}/letters/parts`)}&name=name.html`, ['<b>&lt;Ann&gt;</b>']],
  ['directory=letters&name=nothing.html', { host: 'TemplateNotFound' }],
  ['directory=letters&name=../letters.ts', { host: 'TemplateNotFound' }],
  ['name=hello.html', { host: 'TemplateNotFound' }],
  [
    'directory=envelopes&name=hello.html',
    { config: `Configured template directory does not exist: ${moduleFolder}/envelopes` },
  ],
];

describe('templates of a directory beside the file of the module', { timeout: 120_000 }, () => {
  describe('on the embedded homeserver', () => {
    for (const [query, answer] of cases) {
      it(query, async (t) => {
        const settings = { modules: [{ module: './letters.ts' }] };
        const modules = await loadModules(Configuration.of(settings, { directory: moduleFolder }));
        const hs = await EmbeddedHomeserver.open(t, { modules });
        assert.deepEqual((await hs.request(undefined, 'GET', `/_synapse/client/letters?${query}`)).body, answer);
      });
    }
  });

  describe('on a real Synapse, which need not see the directory', { skip }, () => {
    let forks: SynapseForks;
    let host: VesicleHost;
    let synapse: RunningSynapse;
    before(async () => {
      forks = await SynapseForks.open();
      const place = await BridgedPlace.make(forks);
      host = await VesicleHost.start(place.listen, moduleFolder);
      synapse = await place.startSynapse({}, [{ module: './letters.ts' }]);
    });
    after(async () => {
      await assertCleanLog(synapse);
      await synapse[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      await forks[Symbol.asyncDispose]();
    });
    for (const [query, answer] of cases) {
      it(query, async () => {
        const response = await fetch(`${synapse.url}/_synapse/client/letters?${query}`);
        assert.deepEqual(await response.json(), answer);
      });
    }
  });
});
