import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { inProject } from './project.js';
import { testSynapsePython } from './synapse.js';
import { bridgeFolder } from './synapse-forks.js';

/** Runs a script of `test/synapse/python` with the bridge and Synapse at hand; what it prints. */
export async function runBridgeScript(name: string, args: readonly string[] = [], input = ''): Promise<string> {
  const script = inProject(`test/synapse/python/${name}`);
  const env = { ...process.env, PYTHONPATH: bridgeFolder, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(await testSynapsePython(), [script, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(input);
  const [answer] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return answer;
}
