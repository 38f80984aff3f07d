import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inProject } from '../../test/support/project.js';
import { testSynapsePython } from '../../test/support/synapse.js';
import type { BenchRow } from '../bench-row.js';
import { growth } from './growth.js';

const sizes = [512, 2_048] as const;
const rounds = 3;

/** Frames of 61 KB that wait for a module host which does not read meanwhile. */
export async function bridgeBacklog(): Promise<BenchRow> {
  const script = inProject('bench/bridge/backlog.py');
  const env = { ...process.env, PYTHONPATH: inProject('src/synapse/python'), PYTHONDONTWRITEBYTECODE: '1' };
  const python = await testSynapsePython();
  const { stdout } = await promisify(execFile)(python, [script, String(rounds), ...sizes.map(String)], { env });
  const costs = JSON.parse(stdout) as Readonly<Record<number, number[]>>;
  return await growth('bridge-backlog', 'frames of 61 KB', sizes, async (size) => costs[size]?.shift() ?? NaN);
}
