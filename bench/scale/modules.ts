import type { BenchRow } from '../bench-row.js';
import { manyModules } from '../many-modules.js';
import { growth, processorTime } from './growth.js';

const sizes = [500, 2000] as const;

/** The closing of modules with one callback each. */
export function closeModules(): Promise<BenchRow> {
  return growth('close-modules', 'modules', sizes, async (size) => {
    const running = await manyModules(size)();
    return await processorTime(() => running.close());
  });
}
