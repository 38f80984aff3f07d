import { VesicleError } from '../errors/vesicle-error.js';
import { didYouMean } from '../errors/nearest-name.js';
import { placeOfMember } from '../loader/class-place.js';
import type { LoadedModule } from '../loader/loaded-module.js';
import { standardInversify } from './foreign-inversify.js';
import { HostContainer } from './host-container.js';
import { describeModule } from './module-description.js';
import { mistakesIn, throwMistakes } from './one-error.js';
import { SlowStartNotice } from './start.js';
import { type ModuleHost, RunningModule } from './running-module.js';

export { type LoadedModule } from '../loader/loaded-module.js';
export { type ModuleHost, type ModuleOwner, type RunningModule } from './running-module.js';

/**
 * Makes and starts one instance for each module, in order; each is done, its `@postConstruct` included, before the next is
 * made. When one fails, those that are open are closed in reverse order and the error names it.
 */
export async function openModules(modules: readonly LoadedModule[], host: ModuleHost): Promise<RunningModules> {
  const running = new RunningModules(host);
  try {
    await running.start(modules);
    return running;
  } catch (error) {
    await running.close();
    throw error;
  }
}

/** The modules of one homeserver. */
export class RunningModules implements AsyncDisposable {
  private readonly modules: RunningModule[] = [];
  /** How many modules wanted a name. */
  private readonly counts = new Map<string, number>();
  /** Reloads and the closing go one after the other. */
  private work: Promise<void> = Promise.resolve();
  private isClosed = false;
  private readonly host: ModuleHost & { readonly container: HostContainer };
  private readonly ownContainer: HostContainer | undefined;

  constructor(host: ModuleHost) {
    const container = host.container ?? new HostContainer(host.log, host.closeLimitMs);
    if (container !== host.container) this.ownContainer = container;
    this.host = { ...host, container };
  }

  /** In the order of the configuration. */
  get list(): readonly RunningModule[] {
    return [...this.modules];
  }

  /** Checks all modules, then makes them one after the other: all that shows without running them is said in one error. */
  async start(loaded: readonly LoadedModule[]): Promise<void> {
    const mistakes: VesicleError[] = [...standardInversify()];
    for (const one of loaded) {
      try {
        this.add(one);
      } catch (error) {
        mistakes.push(...mistakesIn(error).map((mistake) => placed(mistake, one)));
      }
    }
    for (const module of this.modules) {
      const found = module.check();
      mistakes.push(...(found instanceof Promise ? await found : found));
    }
    throwMistakes('The list of modules', mistakes);
    using notice = new SlowStartNotice(this.host.slowStartMs);
    for (const module of this.modules) await module.open(notice);
  }

  /**
   * Loads a running module again. The new instance is started first, then takes the place of the old one at once, at the
   * same place in the order of callbacks, and the old one is closed. When the new one fails, the old one stays.
   */
  replace(name: string, loaded: LoadedModule): Promise<void> {
    return this.inTurn(async () => {
      const index = this.modules.findIndex((module) => module.name === name);
      const old = this.modules[index];
      if (old === undefined) {
        throw new VesicleError('KERNEL_MODULE_UNKNOWN', { module: name, hint: didYouMean(name, this.counts.keys()) });
      }
      const place = { name, rank: old.rank, isReplacement: true };
      const module = new RunningModule(loaded, describeModule(loaded.type), place, this.host);
      try {
        throwMistakes(name, [...standardInversify(), ...(await module.check())]);
        using notice = new SlowStartNotice(this.host.slowStartMs);
        await module.open(notice);
        module.takeOver(old);
      } catch (error) {
        await module.close();
        throw error;
      }
      this.modules[index] = module;
      await old.close();
      await this.host.container.endUnused(old.loaded.type);
    });
  }

  /** Closes all modules in reverse order: registrations go, `@preDestroy` runs, services end. */
  close(): Promise<void> {
    return this.inTurn(async () => {
      if (this.isClosed) return;
      this.isClosed = true;
      for (const module of this.modules.toReversed()) await module.close();
      this.modules.length = 0;
      await this.ownContainer?.close();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private add(loaded: LoadedModule): void {
    const description = describeModule(loaded.type);
    const place = { name: this.uniqueName(description.name), rank: this.modules.length, isReplacement: false };
    this.modules.push(new RunningModule(loaded, description, place, this.host));
  }

  private uniqueName(wanted: string): string {
    const count = (this.counts.get(wanted) ?? 0) + 1;
    this.counts.set(wanted, count);
    return count === 1 ? wanted : this.uniqueName(`${wanted} (${String(count)})`);
  }

  private inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.work.then(task);
    this.work = done.catch(() => undefined);
    return done;
  }
}

/** A mistake in the decorators of a class, with the file and line of the member or the class that has them. */
function placed(mistake: VesicleError, { type, files = [] }: LoadedModule): VesicleError {
  const [, member] = /^\[\w+\] [\w$]+\.([\w$]+): /.exec(mistake.message) ?? [];
  const places = files.map((file) => placeOfMember(type.name, member ?? 'constructor', file));
  const place = places.find((found) => found !== undefined);
  if (place !== undefined) mistake.message += ` (${place})`;
  return mistake;
}
