// error: Property 'directory' is missing in type 'string[]'
import { VesicleError } from 'vesicle';

export const error = new VesicleError('CLI_DIRECTORY_MISSING', ['modules']);
