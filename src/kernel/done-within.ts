/** A module that hangs while it ends holds up nobody for longer than so many milliseconds. */
export const closeLimitMs = 10_000;

/** Whether work ends within so many milliseconds; who is late goes on unheard. */
export async function isDoneWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
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
