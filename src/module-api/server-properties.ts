import type { ServerName } from '../matrix/ids.js';
import type { AccountDataManager } from './account-data-manager.js';
import type { HttpClient } from './http-client.js';
import type { PublicRoomListManager } from './public-room-list-manager.js';

/** The properties of `ModuleApi`. */
export interface ServerProperties {
  /** The server's name as configured, with its port if it has one. */
  readonly serverName: ServerName;
  /** Where clients reach the server, with a slash at the end; `https://<server name>/` unless configured. */
  readonly publicBaseurl: string;
  /** What the server calls itself in mails; `Matrix` unless configured. */
  readonly emailAppName: string;
  /** The name of this worker, null on the main process. */
  readonly workerName: string | null;
  /** The kind of this worker, null on the main process. */
  readonly workerApp: string | null;
  /** The directory of the server's own templates, null unless configured. */
  readonly customTemplateDir: string | null;
  /** Outbound HTTP. */
  readonly httpClient: HttpClient;
  /** The public room list. */
  readonly publicRoomListManager: PublicRoomListManager;
  /** Global account data. */
  readonly accountDataManager: AccountDataManager;
}
