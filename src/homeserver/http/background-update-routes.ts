import { SynapseError } from '../../errors/synapse-error.js';
import { type BackgroundUpdates, databaseName } from '../background-updates.js';
import { directoryJob, statsJob } from '../directory-updates.js';
import type { RoomServices } from '../rooms/room-services.js';
import type { BackgroundUpdateStore } from '../store/background-update-store.js';
import type { PendingUpdate } from '../store/store-update.js';
import { requireParams } from './fields.js';
import { adminRequester } from './admin-request.js';
import type { Route } from './route.js';

const jobs: ReadonlyMap<string, readonly PendingUpdate[]> = new Map([
  ['regenerate_directory', directoryJob],
  ['populate_stats_process_rooms', statsJob],
]);

/** The background updates, for administrators (`rest/admin/background_updates.py`). */
export function backgroundUpdateRoutes(
  services: RoomServices,
  updates: BackgroundUpdates,
  store: BackgroundUpdateStore,
): Route[] {
  const enabled = ['/_synapse/admin/v1/background_updates/enabled'];
  return [
    {
      method: 'GET',
      paths: enabled,
      handle: async (call) => {
        await adminRequester(services.users, call);
        return { enabled: updates.isEnabled };
      },
    },
    {
      method: 'POST',
      paths: enabled,
      handle: async (call) => {
        await adminRequester(services.users, call);
        const { enabled: value = true } = await call.json();
        if (typeof value !== 'boolean') throw new SynapseError(400, "'enabled' parameter must be a boolean");
        updates.isEnabled = value;
        return { enabled: value };
      },
    },
    {
      method: 'GET',
      paths: ['/_synapse/admin/v1/background_updates/status'],
      handle: async (call) => {
        await adminRequester(services.users, call);
        const current = updates.currentUpdate;
        return { enabled: updates.isEnabled, current_updates: current ? { [databaseName]: { ...current } } : {} };
      },
    },
    {
      method: 'POST',
      paths: ['/_synapse/admin/v1/background_updates/start_job'],
      handle: async (call) => {
        await adminRequester(services.users, call);
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
      },
    },
  ];
}
