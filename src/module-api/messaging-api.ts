import type { UserId } from '../matrix/ids.js';
import type { JsonObject, MutableJsonObject } from '../matrix/json.js';
import type { Template } from './template.js';

/**
 * One action of a push rule: a word, or a tweak.
 *
 * @example
 * ```ts
 * import { type PushRuleAction } from 'vesicle';
 * const actions: readonly PushRuleAction[] = ['notify', { set_tweak: 'sound', value: 'default' }];
 * ```
 */
export type PushRuleAction = 'notify' | 'dont_notify' | 'coalesce' | JsonObject;

/** The methods of `ModuleApi` about push notifications, mail and templates. */
export interface MessagingApi {
  /**
   * Pushes to a user's devices over HTTP, to one or (null) to all of them; `content["devices"]` is replaced. Answers with
   * the outcome for each device that has an ID, false for an error or a rejected key. Synapse: `send_http_push_notification`.
   *
   * @example
   * ```ts
   * const outcome = await api.sendHttpPushNotification(userId, null, { event_id: '$1', counts: { unread: 1 } });
   * ```
   */
  readonly sendHttpPushNotification: (
    userId: UserId,
    deviceId: string | null,
    content: MutableJsonObject,
    options?: { readonly tweaks?: JsonObject; readonly defaultPayload?: JsonObject },
  ) => Promise<ReadonlyMap<string, boolean>>;

  /**
   * Checks actions before they are given to `setPushRuleAction`. Synapse: `check_push_rule_actions`.
   *
   * @throws `HostError` `InvalidRuleException`.
   *
   * @example
   * ```ts
   * await api.checkPushRuleActions(['notify', { set_tweak: 'sound', value: 'default' }]);
   * ```
   */
  readonly checkPushRuleActions: (actions: readonly PushRuleAction[]) => Promise<void>;

  /**
   * Changes the actions of a user's push rule; a rule ID that begins with a dot is a default rule. Main process only.
   * Synapse: `set_push_rule_action`.
   *
   * @throws `HostError` `InvalidRuleException`, `RuleNotFoundException`; `RuntimeError` for a scope other than `global`
   * and on a worker.
   *
   * @example
   * ```ts
   * await api.setPushRuleAction(userId, 'global', 'underride', '.m.rule.message', ['dont_notify']);
   * ```
   */
  readonly setPushRuleAction: (
    userId: UserId,
    scope: 'global',
    kind: string,
    ruleId: string,
    actions: readonly PushRuleAction[],
  ) => Promise<void>;

  /**
   * Sends a mail in two forms from the server's configured address. Synapse: `send_mail`.
   *
   * @throws `HostError` `RuntimeError` when the recipient has no address; what the mail server answers otherwise.
   *
   * @example
   * ```ts
   * await api.sendMail('alice@example.org', 'Welcome', '<p>Hello</p>', 'Hello');
   * ```
   */
  readonly sendMail: (recipient: string, subject: string, html: string, text: string) => Promise<void>;

  /**
   * Reads Jinja2 templates: from the server's template directory, then the given one, then Synapse's own. The given one is
   * a directory of the module: a relative path starts at the module's file, on a real Synapse too.
   * Synapse: `read_templates`.
   *
   * @throws `HostError` `TemplateNotFound`; `ConfigError` when the directory does not exist.
   *
   * @example
   * ```ts
   * const [page] = await api.readTemplates(['page.html'], { customTemplateDirectory: 'templates' });
   * const html = await page?.render({ name: 'Alice' });
   * ```
   */
  readonly readTemplates: (
    filenames: readonly string[],
    options?: { readonly customTemplateDirectory?: string },
  ) => Promise<readonly Template[]>;
}
