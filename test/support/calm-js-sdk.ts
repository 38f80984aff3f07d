/**
 * To be imported before matrix-js-sdk, which logs every step, whatever logger it is given, and leaves the timers of its
 * requests running for minutes.
 */
const { setTimeout: later } = globalThis;

for (const method of ['trace', 'debug', 'log', 'info', 'warn', 'error'] as const) console[method] = () => {};

globalThis.setTimeout = Object.assign((...args: Parameters<typeof later>) => later(...args).unref(), later);
