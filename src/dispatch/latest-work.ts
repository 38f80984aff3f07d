/** What a module of this process was asked for last: where to look first when the process stands still. */
export const latestWork = { module: '', what: '' };

/** Notes that a module is asked for something now. */
export function noteWork(module: string, what: string): void {
  latestWork.module = module;
  latestWork.what = what;
}
