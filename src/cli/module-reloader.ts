import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from '../config/configuration.js';
import { loadModules, type SourcedModule } from '../loader/module-source.js';
import type { Logger } from '../log/logger.js';
import type { DevServer } from './dev-server.js';
import { readConfiguration } from './open-file.js';
import { describeError } from './report-error.js';

/** Editors write a file in several steps: so long is waited for the last one, in milliseconds. */
const quietMs = 60;

/** What of a development server is needed to load its modules again. */
type ReloadedServer = Pick<DevServer, 'file' | 'readAt' | 'settings' | 'loaded' | 'parts'>;

/**
 * Loads modules again when their files or their configurations change. A faulty new one leaves the old one running. What else
 * changes in the configuration is said to need a restart.
 */
export class ModuleReloader implements Disposable {
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly changed = new Set<string>();
  private readonly configFile: string;
  private timer: NodeJS.Timeout | undefined;
  private modules: readonly SourcedModule[];
  /** The settings as they were read last. */
  private told: Readonly<Record<string, unknown>>;
  private work: Promise<void> = Promise.resolve();

  private constructor(
    private readonly server: ReloadedServer,
    private readonly log: Logger,
  ) {
    this.modules = server.loaded;
    this.configFile = resolve(server.file);
    this.told = server.settings;
    this.watchFolders();
    for (const file of this.files()) {
      const changedAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (changedAt > server.readAt) this.noticed(dirname(file), basename(file));
    }
  }

  /** Watches the files of the modules until disposed of. */
  static watch(server: ReloadedServer, log: Logger): ModuleReloader {
    return new ModuleReloader(server, log);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  /** Folders, because an editor may replace a file by a new one of the same name. */
  private watchFolders(): void {
    for (const folder of new Set(this.files().map((file) => dirname(file)))) {
      if (this.watchers.has(folder)) continue;
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        this.noticed(folder, name);
      });
      watcher.on('error', (err) => {
        this.log.warn(`${folder} cannot be watched any more: changes there need a restart`, { err });
      });
      this.watchers.set(folder, watcher);
    }
  }

  private files(): readonly string[] {
    return [this.configFile, ...this.modules.flatMap((module) => module.files)];
  }

  private noticed(folder: string, name: string | null): void {
    for (const file of this.files()) if (dirname(file) === folder && basename(file) === name) this.changed.add(file);
    if (this.changed.size === 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.work = this.work.then(() => this.reload());
    }, quietMs);
  }

  private async reload(): Promise<void> {
    const changed = [...this.changed];
    this.changed.clear();
    try {
      const configuration = readConfiguration(this.server.file);
      const fresh = await loadModules(configuration, { isFresh: true });
      if (changed.includes(this.configFile)) this.sayWhatNeedsRestart(configuration, fresh);
      for (const [index, running] of this.server.parts.modules.list.entries()) {
        const [old, module] = [this.modules[index], fresh[index]];
        if (old === undefined || module === undefined || module.name !== running.loaded.name) continue;
        const files = changed.filter((path) => module.files.includes(path) || old.files.includes(path));
        if (files.length === 0 && isDeepStrictEqual(configuredOf(old), configuredOf(module))) continue;
        await this.server.parts.modules.replace(running.name, module);
        this.modules = this.modules.map((one, at) => (at === index ? module : one));
        const causes = (files.length === 0 ? [this.configFile] : files).map((path) => basename(path));
        this.log.info(`${running.name}: loaded again, because ${causes.join(', ')} changed`);
      }
      this.watchFolders();
    } catch (error) {
      this.log.error(`Not loaded again, the old module goes on: ${describeError(error).text.trimEnd()}`);
    }
  }

  /** Settings, and which modules there are, are what the homeserver was started with. */
  private sayWhatNeedsRestart({ settings }: Configuration, fresh: readonly SourcedModule[]): void {
    const { told } = this;
    this.told = settings;
    const keys = [...new Set([...Object.keys(told), ...Object.keys(settings)])];
    const changed = keys.filter((key) => !isDeepStrictEqual(told[key], settings[key])).map((key) => `'${key}'`);
    const running = this.server.parts.modules.list.map(({ loaded }) => loaded.name);
    const named = fresh.map(({ name }) => name);
    if (!isDeepStrictEqual(named, running)) changed.push("the list of 'modules'");
    if (changed.length === 0) return;
    this.log.warn(
      `${basename(this.configFile)}: ${changed.join(', ')} changed, which takes effect at a restart of vesicle dev`,
    );
  }
}

/** What the configuration says of a module. */
function configuredOf({ rawConfig, policy }: SourcedModule): unknown {
  return { rawConfig, policy };
}
