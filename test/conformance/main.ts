import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readDifferences } from './differences.js';
import { readCases } from './format.js';
import type { ConformanceHost } from './host.js';
import { openEmbeddedHost } from './hosts/embedded.js';
import { openSynapseHost } from './hosts/synapse.js';
import { runSuite } from './suite.js';

const usage = 'npm run conformance -- --host embedded|synapse [--cases DIR] [--only TEXT] [--report FILE] [--verbose]';

/** The hosts that cases can run on, by the name that `--host` takes. */
const hosts: Readonly<Record<string, () => Promise<ConformanceHost>>> = {
  embedded: openEmbeddedHost,
  synapse: openSynapseHost,
};

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: 'embedded' },
      cases: { type: 'string', default: inSources('cases') },
      only: { type: 'string', default: '' },
      report: { type: 'string' },
      verbose: { type: 'boolean', short: 'v', default: false },
    },
  });
  const open = Object.hasOwn(hosts, values.host) ? hosts[values.host] : undefined;
  if (open === undefined) {
    console.error(`There is no host "${values.host}", only ${Object.keys(hosts).join(', ')}.\n${usage}`);
    return 2;
  }
  const cases = readCases(values.cases).filter((test) => test.id.includes(values.only));
  if (cases.length === 0) {
    console.error(`No case in ${values.cases} has an ID that contains ${JSON.stringify(values.only)}.`);
    return 2;
  }
  const host = await open();
  try {
    const differences = readDifferences(inSources('differences.json'), host.name);
    const report = await runSuite(cases, host, differences, ({ id, result, reason }) => {
      if (values.verbose || result === 'failed' || reason !== null)
        console.log(`${result} ${id}${reason === null ? '' : `\n    ${reason}`}`);
    });
    if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, null, 1)}\n`);
    console.log(`${report.passed} passed, ${report.failed} failed`);
    return report.failed === 0 ? 0 : 1;
  } finally {
    await host.close();
  }
}

/** Cases and differences are not compiled: they stay where they are written. */
function inSources(name: string): string {
  return fileURLToPath(new URL(`../../../test/conformance/${name}`, import.meta.url));
}
