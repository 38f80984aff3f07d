import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inProject } from '../test/support/project.js';
import { requirePackages, SynapseFolder } from '../test/support/synapse.js';
import { VesicleHost } from '../test/support/vesicle-host.js';
import { type BenchRow, benchRow } from './bench-row.js';
import { byTurns } from './measure.js';

/** Where the module host listens. */
const listen = `unix:${join(tmpdir(), `vesicle-bench-${process.pid}.sock`)}`;

const rounds = 5;

/** The modules of the Synapse that is measured, in its order of asking. */
const arms = { noop: 0, vesicle: 1, filtered: 2, tenModules: 3, antispam: 4 } as const;

/** Microseconds a call. */
interface Figures {
  readonly wall: number;
  readonly cpu: number;
  readonly median: number;
}

/** What one question of Synapse costs: a Python module, Vesicle, and synapse-http-antispam beside a minimal HTTP server; one process, one event. */
export async function bridge(): Promise<BenchRow[]> {
  await requirePackages(['synapse_http_antispam']);
  const http = await openAntispamServer();
  try {
    await using _host = await VesicleHost.start(listen, inProject('bench/bridge'));
    await using folder = await SynapseFolder.make({
      modules: synapseModules(listen, (http.address() as AddressInfo).port),
      pythonPath: [inProject('src/synapse/python'), inProject('bench/bridge')],
    });
    await using synapse = await folder.start();
    return await measure(synapse.url);
  } finally {
    http.closeAllConnections();
    http.close();
  }
}

async function measure(url: string): Promise<BenchRow[]> {
  const ask = (body: object): Promise<Figures> => post(`${url}/_synapse/client/bench`, body);
  const many = (module: number, calls: number): (() => Promise<Figures>) => {
    return () => ask({ module, calls, in_flight: 32 });
  };
  const wall = (measured: () => Promise<Figures>) => async (): Promise<number> => (await measured()).wall;
  const cpu = (measured: () => Promise<Figures>) => async (): Promise<number> => (await measured()).cpu;
  const single = (request: object, calls: number) => async (): Promise<number> =>
    (await ask({ ...request, calls, in_flight: 1 })).median;
  const figures = await byTurns(
    {
      noopWall: wall(many(arms.noop, 20_000)),
      vesicleWall: wall(many(arms.vesicle, 10_000)),
      antispamWall: wall(many(arms.antispam, 1000)),
      vesicleCpu: cpu(many(arms.vesicle, 10_000)),
      antispamCpu: cpu(many(arms.antispam, 1000)),
      vesicleMedian: single({ module: arms.vesicle }, 3000),
      antispamMedian: single({ module: arms.antispam }, 500),
      filtered: single({ module: arms.filtered }, 20_000),
      noop: single({ module: arms.noop }, 20_000),
      tenModules: wall(many(arms.tenModules, 10_000)),
      oneModule: wall(many(arms.vesicle, 10_000)),
      smallRoom: single({ members: 10 }, 3000),
      largeRoom: single({ members: 10_000 }, 3000),
    },
    rounds,
  );
  const figure = (name: string): number => figures[name] ?? NaN;
  const other = 'synapse-http-antispam';
  return [
    benchRow('bridge/calls-32', 1e6 / figure('vesicleWall'), 'calls/s', other, 1e6 / figure('antispamWall')),
    benchRow('bridge/calls-32-noop', 1e6 / figure('vesicleWall'), 'calls/s', 'Python no-op', 1e6 / figure('noopWall')),
    benchRow('bridge/cpu-32', figure('vesicleCpu'), 'us a call', other, figure('antispamCpu')),
    benchRow('bridge/median-1', figure('vesicleMedian'), 'us', other, figure('antispamMedian')),
    benchRow('bridge/filtered', figure('filtered'), 'us', 'Python no-op', figure('noop')),
    benchRow('bridge/ten-modules', figure('tenModules'), 'us a call', 'one module', figure('oneModule')),
    benchRow('bridge/state-10000', figure('largeRoom'), 'us', 'a room of 10', figure('smallRoom')),
  ];
}

function synapseModules(connect: string, httpPort: number): readonly { module: string; config: object }[] {
  const bridgeTo = (...names: readonly string[]): { module: string; config: object } => ({
    module: 'vesicle_bridge.VesicleBridge',
    config: { connect, modules: names.map((name) => ({ module: `./modules.ts#${name}` })) },
  });
  const antispam = { base_url: `http://127.0.0.1:${httpPort}`, enabled_callbacks: ['check_event_for_spam'] };
  return [
    { module: 'bench_driver.Noop', config: {} },
    bridgeTo('Quiet', 'Allowing'),
    bridgeTo('Filtered'),
    bridgeTo(...Array.from({ length: 10 }, () => 'Quiet')),
    { module: 'synapse_http_antispam.HTTPAntispam', config: antispam },
    { module: 'bench_driver.Driver', config: {} },
  ];
}

/** As little as a server for synapse-http-antispam can do: reads the question, and has nothing against it. */
async function openAntispamServer(): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      JSON.parse(Buffer.concat(chunks).toString());
      response.setHeader('Content-Type', 'application/json');
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function post(url: string, body: object): Promise<Figures> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Figures;
}
