import type { LogLevel } from './logger.js';

/** Levels from the least to the most severe. */
export const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
