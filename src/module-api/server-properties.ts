import type { ServerName } from '../matrix/ids.js';
import type { AccountDataManager } from './account-data-manager.js';
import type { HttpClient } from './http-client.js';
import type { PublicRoomListManager } from './public-room-list-manager.js';

/** The properties of `ModuleApi`. */
export interface ServerProperties {
  /**
   * The server's name as configured, with its port if it has one.
   *
   * @example
   * ```ts
   * const isHere = userId.endsWith(`:${api.serverName}`);
   * ```
   */
  readonly serverName: ServerName;
  /**
   * Where clients reach the server, with a slash at the end; `https://<server name>/` unless configured.
   *
   * @example
   * ```ts
   * const link = new URL('_synapse/client/rules', api.publicBaseurl);
   * ```
   */
  readonly publicBaseurl: string;
  /**
   * What the server calls itself in mails; `Matrix` unless configured.
   *
   * @example
   * ```ts
   * const subject = `Welcome to ${api.emailAppName}`;
   * ```
   */
  readonly emailAppName: string;
  /**
   * The name of this worker, null on the main process.
   *
   * @example
   * ```ts
   * const process = api.workerName ?? 'main';
   * ```
   */
  readonly workerName: string | null;
  /**
   * The kind of this worker, null on the main process.
   *
   * @example
   * ```ts
   * const isMainProcess = api.workerApp === null;
   * ```
   */
  readonly workerApp: string | null;
  /**
   * The directory of the server's own templates, null unless configured.
   *
   * @example
   * ```ts
   * const hasOwnTemplates = api.customTemplateDir !== null;
   * ```
   */
  readonly customTemplateDir: string | null;
  /**
   * Outbound HTTP.
   *
   * @example
   * ```ts
   * const list = await api.httpClient.getJson('https://rules.example/list.json');
   * ```
   */
  readonly httpClient: HttpClient;
  /**
   * The public room list.
   *
   * @example
   * ```ts
   * const isListed = await api.publicRoomListManager.roomIsInPublicRoomList(roomId);
   * ```
   */
  readonly publicRoomListManager: PublicRoomListManager;
  /**
   * Global account data.
   *
   * @example
   * ```ts
   * const seen = await api.accountDataManager.getGlobal(userId, 'org.example.seen');
   * ```
   */
  readonly accountDataManager: AccountDataManager;
}
