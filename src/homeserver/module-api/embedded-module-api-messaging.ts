import { resolve } from 'node:path';
import { HostError } from '../../errors/host-error.js';
import type { Logger } from '../../log/logger.js';
import { domainOf, type ServerName, type UserId } from '../../matrix/ids.js';
import type { HttpClient } from '../../module-api/http-client.js';
import type { ModuleApi } from '../../module-api/module-api.js';
import type { PresenceUpdate } from '../../module-api/presence-api.js';
import type { Template } from '../../module-api/template.js';
import type { PresenceService } from '../ephemeral/presence.js';
import { readTemplates } from '../parity/module-templates.js';
import { toUserId } from '../rooms/model/untrusted-ids.js';
import type { HomeserverContext } from '../runtime/context.js';
import { HttpPushGateway } from '../runtime/push-gateway.js';
import type { PusherStore } from '../store/pusher-store.js';
import { parseActions, type PushRules } from '../users/push-rules.js';
import { ModulePush } from './embedded-module-api-push.js';

/** The parts of a homeserver that {@link ModuleMessaging} needs. */
export interface MessagingParts {
  readonly context: HomeserverContext;
  readonly users: { readonly pusherStore: PusherStore; readonly pushRules: PushRules };
  readonly live: { readonly presence: PresenceService };
}

/** Presence, notifications, mails and their templates for modules. */
export class ModuleMessaging {
  private readonly serverName: ServerName;
  private readonly pushers: ModulePush;

  constructor(
    private readonly services: MessagingParts,
    /** The module's own, to which paths of templates are relative. */
    private readonly folder: string,
    httpClient: HttpClient,
    log: Logger,
  ) {
    const { serverName, pushGateway } = services.context;
    this.serverName = serverName;
    this.pushers = new ModulePush(services.users.pusherStore, pushGateway ?? new HttpPushGateway(httpClient), log);
  }

  async sendPresenceTo(users: Iterable<UserId>): Promise<void> {
    const { presence } = this.services.live;
    const all = [...users];
    await presence.sendFullTo(all.filter((userId) => domainOf(userId) === this.serverName));
    for (const userId of all) {
      // What another server's user would get over federation; asking for it asks the presence routers.
      if (domainOf(userId) !== this.serverName) await presence.changesFor(toUserId(userId), undefined, false);
    }
  }

  async setPresence(users: PresenceUpdates): Promise<void> {
    const states = presenceUpdates(users).map(([userId, update]) => {
      const [state, statusMsg] = 'items' in update ? update.items : update;
      return [userId, { state, statusMsg }] as const;
    });
    await this.services.live.presence.setForUsers(new Map(states));
  }

  push(...args: Parameters<ModuleApi['sendHttpPushNotification']>): Promise<ReadonlyMap<string, boolean>> {
    return this.pushers.send(...args);
  }

  checkActions(...[actions]: Parameters<ModuleApi['checkPushRuleActions']>): void {
    parseActions(actions);
  }

  setActions(...[userId, scope, kind, ruleId, actions]: Parameters<ModuleApi['setPushRuleAction']>): void {
    if (this.services.context.config.workerApp !== undefined) {
      throw new HostError('RuntimeError', 'module tried to change push rule actions on a worker');
    }
    // JavaScript authors may give another scope than the type allows.
    if ((scope as string) !== 'global') {
      throw new HostError('RuntimeError', `invalid scope ${scope as string}, only 'global' is currently allowed`);
    }
    this.services.users.pushRules.setActions(userId, kind, ruleId, actions);
  }

  async sendMail(recipient: string, subject: string, html: string, text: string): Promise<void> {
    const address = /<([^>]*)>/.exec(recipient)?.[1] ?? recipient;
    if (address.trim() === '') throw new HostError('RuntimeError', "Invalid 'to' address");
    await this.services.context.mailer.send({ to: recipient, subject, html, text });
  }

  readTemplates(...[names, options]: Parameters<ModuleApi['readTemplates']>): Promise<readonly Template[]> {
    const { publicBaseurl, templates } = this.services.context.config;
    const given = options?.customTemplateDirectory;
    // Synapse takes an empty path for none.
    const ofModule = given ? resolve(this.folder, given) : undefined;
    const directories = [templates.customTemplateDirectory, ofModule].filter((directory) => directory !== undefined);
    return readTemplates(names, { directories, publicBaseurl });
  }
}

type PresenceUpdates = Parameters<ModuleApi['setPresenceForUsers']>[0];

function presenceUpdates(users: PresenceUpdates): readonly (readonly [UserId, PresenceUpdate])[] {
  return isMap(users) ? [...users] : (Object.entries(users) as [UserId, PresenceUpdate][]);
}

function isMap(users: PresenceUpdates): users is ReadonlyMap<UserId, PresenceUpdate> {
  return users instanceof Map;
}
