// error: Type 'undefined' is not assignable to type 'string | number'
import { VesicleError } from 'vesicle';

export const error = new VesicleError('CLI_DIRECTORY_MISSING', { directory: undefined });
