import type { BackgroundUpdate } from '../runtime/background-updates.js';
import type { PendingUpdate } from '../store/database/store-update.js';

/** The updates behind `regenerate_directory`, in the order in which they depend on each other. */
const steps = ['createtables', 'process_rooms', 'process_users', 'cleanup'].map(
  (step) => `populate_user_directory_${step}`,
);

/** What `regenerate_directory` asks for. */
export const directoryJob: readonly PendingUpdate[] = steps.map((name, index) => {
  const dependsOn = steps[index - 1];
  return { name, ...(dependsOn !== undefined && { dependsOn }) };
});

/** What `populate_stats_process_rooms` asks for. */
export const statsJob: readonly PendingUpdate[] = [{ name: 'populate_stats_process_rooms' }];

/** Synapse looks once more for users when it has seen all. */
const twice: BackgroundUpdate = {
  run: ({ remaining }) =>
    remaining === undefined ? { items: 1, progress: { remaining: 0 } } : { items: 0, progress: null },
};
const once: BackgroundUpdate = { run: () => ({ items: 0, progress: null }) };

/**
 * The search for users reads accounts and rooms themselves: there is no directory that could be out of date, so each step
 * is done at once. They exist because administrators and modules expect them.
 */
export const directoryUpdates: ReadonlyMap<string, BackgroundUpdate> = new Map(
  [...directoryJob, ...statsJob].map(({ name }) => [name, name.endsWith('_process_users') ? twice : once]),
);
