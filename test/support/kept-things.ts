import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keeper } from './keeper.js';

// Starts a process, makes a folder, says which, and waits to be killed.
const { pid } = spawn('sleep', ['300'], { stdio: 'ignore' });
const folder = mkdtempSync(join(tmpdir(), 'vesicle-kept-'));
new Keeper({ pids: [pid], folder });
console.log(JSON.stringify({ pid, folder }));
setInterval(() => undefined, 1000);
