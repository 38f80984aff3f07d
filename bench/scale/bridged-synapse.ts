import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inProject } from '../../test/support/project.js';
import { SynapseFolder } from '../../test/support/synapse.js';
import { VesicleHost } from '../../test/support/vesicle-host.js';

/** The modules of the Synapse that is measured, in its order of asking: one in Python, and one that does the same over the bridge. */
export const asking = { python: 0, vesicle: 1 } as const;

/** Processor time of Synapse, in microseconds a call. */
export type CostOf = (request: Readonly<Record<string, unknown>>) => Promise<number>;

/** Has a Synapse with the bridge measured. */
export async function withBridgedSynapse<Result>(work: (cost: CostOf) => Promise<Result>): Promise<Result> {
  const connect = `unix:${join(tmpdir(), `vesicle-scale-${process.pid}.sock`)}`;
  await using _host = await VesicleHost.start(connect, inProject('bench/bridge'));
  await using folder = await SynapseFolder.make({
    modules: [
      { module: 'bench_driver.Asking', config: {} },
      { module: 'vesicle_bridge.VesicleBridge', config: { connect, modules: [{ module: './modules.ts#Asking' }] } },
      { module: 'bench_driver.Driver', config: {} },
    ],
    pythonPath: [inProject('src/synapse/python'), inProject('bench/bridge')],
  });
  await using synapse = await folder.start();
  return await work(async (request) => {
    const body = JSON.stringify({ in_flight: 1, ...request });
    const response = await fetch(`${synapse.url}/_synapse/client/bench`, { method: 'POST', body });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return ((await response.json()) as { readonly cpu: number }).cpu;
  });
}
