/** A module that hangs while it ends holds up nobody for longer than so many milliseconds. */
export const closeLimitMs = 10_000;

/** So many turns of promises pass before a timer is made: most of what is waited for needs none. */
const turnsWithoutTimer = 12;

/** Whether work ends within so many milliseconds; who is late goes on unheard. */
export async function isDoneWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  if (await isSettledAtOnce(work)) {
    await work;
    return true;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, limitMs);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function isSettledAtOnce(work: Promise<unknown>): Promise<boolean> {
  const seen = { isSettled: false };
  const settle = (): void => {
    seen.isSettled = true;
  };
  work.then(settle, settle);
  for (let turn = 0; turn < turnsWithoutTimer && !seen.isSettled; turn++) await Promise.resolve();
  return seen.isSettled;
}
