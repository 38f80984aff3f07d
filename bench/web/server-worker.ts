import { parentPort, workerData } from 'node:worker_threads';
import { contenders } from './contenders.js';

// Each server has a thread of its own: none is slowed by the types that another one taught the compiler.
const port = await contenders[workerData as keyof typeof contenders]();
parentPort?.postMessage(port);
