import { SynapseError } from '../../../errors/synapse-error.js';
import { type BackgroundUpdates, databaseName } from '../../runtime/background-updates.js';
import { directoryJob, statsJob } from '../../users/directory-updates.js';
import type { BackgroundUpdateStore } from '../../store/background-update-store.js';
import type { PendingUpdate } from '../../store/database/store-update.js';
import { requireParams } from '../server/fields.js';
import { adminEndpoints } from './admin-request.js';
import type { Route } from '../server/route.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';

interface RoomParts {
  readonly users: RoomUsers;
}

const jobs: ReadonlyMap<string, readonly PendingUpdate[]> = new Map([
  ['regenerate_directory', directoryJob],
  ['populate_stats_process_rooms', statsJob],
]);

/** The background updates, for administrators (`rest/admin/background_updates.py`). */
export function backgroundUpdateRoutes(
  services: RoomParts,
  updates: BackgroundUpdates,
  store: BackgroundUpdateStore,
): Route[] {
  const route = adminEndpoints(services.users);
  const enabled = '/v1/background_updates/enabled';
  return [
    route('GET', enabled, () => ({ enabled: updates.isEnabled })),
    route('POST', enabled, async (call) => {
      const { enabled: value = true } = await call.json();
      if (typeof value !== 'boolean') throw new SynapseError(400, "'enabled' parameter must be a boolean");
      updates.isEnabled = value;
      return { enabled: value };
    }),
    route('GET', '/v1/background_updates/status', () => {
      const current = updates.currentUpdate;
      return { enabled: updates.isEnabled, current_updates: current ? { [databaseName]: { ...current } } : {} };
    }),
    route('POST', '/v1/background_updates/start_job', async (call) => {
      const body = await call.json();
      requireParams(body, ['job_name']);
      const { job_name: name } = body;
      const job = typeof name === 'string' ? jobs.get(name) : undefined;
      if (typeof name !== 'string' || job === undefined) throw new SynapseError(400, 'Invalid job_name');
      if (!store.add(job)) {
        throw new SynapseError(400, `Job ${name} is already in queue of background updates.`);
      }
      updates.start();
      return {};
    }),
  ];
}
