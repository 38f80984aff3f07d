// error: Source has 1 element(s) but target requires 2
import { VesicleError } from 'vesicle';

export const error = new VesicleError('CLI_DIRECTORY_MISSING');
