import { DatabaseSync } from '../../src/homeserver/store/database/sqlite.js';

/** A database that `using` closes: node's own one knows that since 22.15. */
export class SqliteFile extends DatabaseSync implements Disposable {
  override [Symbol.dispose](): void {
    this.close();
  }
}
