import { parseByteSize } from '../config/values/parse-unit.js';
import { unitDecorator, type UnitDecorator } from './duration.js';

/**
 * A number of bytes, written as in Synapse's own configuration: a number, or a text such as `10M` or `512K` (`K`, `M`, `G`,
 * `T`, each 1024 times the one before).
 *
 * @example
 * ```ts
 * import { ByteSize } from 'vesicle';
 *
 * export class UploadConfig {
 *   \@ByteSize() limit = ByteSize.parse('10M'); // 10485760
 * }
 * ```
 */
export const ByteSize: UnitDecorator = unitDecorator('byte_size', parseByteSize);
