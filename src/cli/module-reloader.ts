import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { loadModules, type SourcedModule } from '../kernel/module-source.js';
import type { Logger } from '../log/logger.js';
import type { DevServer } from './dev-server.js';
import { readConfiguration } from './open-file.js';
import { describeError } from './report-error.js';

/** Editors write a file in several steps: so long is waited for the last one, in milliseconds. */
const quietMs = 60;

/** Loads modules again when their files change. A faulty new one leaves the old one running. */
export class ModuleReloader implements Disposable {
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly changed = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private modules: readonly SourcedModule[];
  private work: Promise<void> = Promise.resolve();

  private constructor(
    private readonly server: Pick<DevServer, 'file' | 'readAt' | 'loaded' | 'parts'>,
    private readonly log: Logger,
  ) {
    this.modules = server.loaded;
    this.watchFolders();
    for (const file of this.files()) {
      const changedAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (changedAt > server.readAt) this.noticed(dirname(file), basename(file));
    }
  }

  /** Watches the files of the modules until disposed of. */
  static watch(server: Pick<DevServer, 'file' | 'readAt' | 'loaded' | 'parts'>, log: Logger): ModuleReloader {
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
    return this.modules.flatMap((module) => module.files);
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
      const { parts, file } = this.server;
      const fresh = await loadModules(await readConfiguration(file), { isFresh: true });
      for (const [index, running] of parts.modules.list.entries()) {
        const module = fresh[index];
        const isConcerned = this.modules[index]?.files.some((path) => changed.includes(path)) === true;
        if (module === undefined || module.name !== running.loaded.name || !isConcerned) continue;
        await parts.modules.replace(running.name, module);
        this.log.info(
          `${running.name}: loaded again, because ${changed.map((path) => basename(path)).join(', ')} changed`,
        );
      }
      this.modules = this.modules.map((module, index) => fresh[index] ?? module);
      this.watchFolders();
    } catch (error) {
      this.log.error(`Not loaded again, the old module goes on: ${describeError(error).text.trimEnd()}`);
    }
  }
}
