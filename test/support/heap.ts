import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of JavaScript's heap that are in use after garbage was collected. */
export function heapAfterCollection(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
