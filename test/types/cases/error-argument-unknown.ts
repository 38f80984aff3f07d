// error: 'size' does not exist in type
import { VesicleError } from 'vesicle';

export const error = new VesicleError('SYNAPSE_FRAME_TOO_LONG', { length: 70_000, size: 65_536 });
