import { randomInt } from 'node:crypto';
import type { Clock } from '../../runtime/clock.js';

/** Thrown where a shadow-banned user is to believe that something happened (`api/errors.py: ShadowBanError`). */
export class ShadowBanError extends Error {
  constructor() {
    super('The user is shadow-banned');
    this.name = 'ShadowBanError';
  }
}

/** Takes as long as the real thing might, one to ten seconds. */
export async function pretendToWork(clock: Clock): Promise<void> {
  await clock.pause(randomInt(1, 11) * 1000);
}
