// error: Property 'limit' is missing in type '{ length: number; }'
import { VesicleError } from 'vesicle';

export const error = new VesicleError('SYNAPSE_FRAME_TOO_LONG', { length: 70_000 });
