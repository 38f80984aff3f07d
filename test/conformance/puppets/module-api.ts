import type { ModuleApi } from '../../../src/module-api/module-api.js';
import type { JsonRecord } from '../format.js';
import { camelCase } from './casing.js';
import type { Naming } from './encode.js';
import type { PuppetFunction } from './functions.js';

/**
 * Parameters of the methods of Synapse's ModuleApi that have optional ones (`?`), take a function with further arguments (`*`),
 * or may be given by name. Here optional parameters are members of one last object, and a function takes no arguments.
 */
const parameters: Readonly<Record<string, string>> = {
  get_user_by_req: 'req allow_guest? allow_expired?',
  register_user: 'localpart displayname? emails? admin?',
  register: 'localpart displayname? emails?',
  register_device: 'user_id device_id? initial_display_name?',
  record_user_external_id: 'auth_provider_id remote_user_id registered_user_id',
  create_login_token: 'user_id duration_in_ms? auth_provider_id? auth_provider_session_id?',
  get_user_ip_and_agents: 'user_id since_ts?',
  set_displayname: 'user_id new_displayname',
  get_monthly_active_users_by_service: 'start_timestamp? end_timestamp?',
  complete_sso_login_async: 'registered_user_id request client_redirect_url new_user? auth_provider_id?',
  create_room: 'user_id config ratelimit? creator_join_profile?',
  update_room_membership: 'sender target room_id new_membership content? remote_room_hosts?',
  get_room_state: 'room_id event_filter?',
  get_state_events_in_room: 'room_id types',
  send_http_push_notification: 'user_id device_id content tweaks? default_payload?',
  set_push_rule_action: 'user_id scope kind rule_id actions',
  send_mail: 'recipient subject html text',
  read_templates: 'filenames custom_template_directory?',
  run_db_interaction: 'desc func *',
  looping_background_call: 'f msec * desc? run_on_all_instances?',
  delayed_background_call: 'msec f * desc?',
  run_as_background_process: 'desc func * bg_start_span?',
  defer_to_thread: 'f *',
  defer_to_threadpool: 'threadpool f *',
  'http_client.request': 'method uri data? headers?',
  'http_client.get_json': 'uri args? headers?',
  'http_client.post_json_get_json': 'uri post_json headers?',
  'http_client.put_json': 'uri json_body args? headers?',
  'http_client.post_urlencoded_get_json': 'uri args? headers?',
  'http_client.get_raw': 'uri args? headers?',
  'http_client.get_file': 'url output_stream max_size? headers? is_allowed_content_type?',
};

/** Methods whose result is JSON of somebody else, not a record of ours. */
const jsonResults =
  /^(account_data_manager\.|http_client\.|run_as_background_process$|defer_to_thread|run_db_interaction$)/;

/** How the result of a method is to be written. */
export function namingOfResult(method: string): Naming {
  return jsonResults.test(method) ? 'json' : 'record';
}

/** Calls a method of ModuleApi by Synapse's name and with its arguments, or reads a property; dots lead to members. */
export async function callModuleApi(
  api: ModuleApi,
  method: string,
  args: readonly unknown[],
  keywords: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const path = method.split('.').map(camelCase);
  const name = path.pop() ?? '';
  const holder = path.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], api) as Record<
    string,
    unknown
  >;
  const target = holder[name];
  if (typeof target !== 'function') return target;
  return (await target.call(holder, ...argumentsFor(method, args, keywords))) as unknown;
}

function argumentsFor(
  method: string,
  args: readonly unknown[],
  keywords: Readonly<Record<string, unknown>>,
): unknown[] {
  if (/^register_\w+_callbacks$/.test(method)) return [keywords];
  const names = parameters[method]?.split(' ') ?? [];
  const takesMore = names.includes('*');
  const positional = names.filter((name) => name !== '*' && (!takesMore || !name.endsWith('?'))).map(bare);
  const given = new Map<string, unknown>();
  for (const [index, value] of args.entries()) {
    const name = positional[index];
    if (!takesMore || name !== undefined) given.set(name ?? String(index), value);
  }
  const known = new Set(names.map(bare));
  for (const [name, value] of Object.entries(keywords)) if (known.has(name)) given.set(name, value);
  const rest = Object.entries(keywords).filter(([name]) => !known.has(name));
  if (takesMore) bindFunctions(given, args.slice(positional.length), Object.fromEntries(rest) as JsonRecord);
  return split(given, names);
}

/** Required arguments in order, then one object of the optional ones that were given. */
function split(given: ReadonlyMap<string, unknown>, names: readonly string[]): unknown[] {
  const isOptional = (name: string): boolean => names.includes(`${name}?`);
  const required = [...given].filter(([name]) => !isOptional(name)).map(([, value]) => value);
  const options = [...given].filter(([name, value]) => isOptional(name) && value !== null);
  if (options.length === 0) return required;
  return [...required, Object.fromEntries(options.map(([name, value]) => [camelCase(name), value]))];
}

function bindFunctions(given: Map<string, unknown>, args: readonly unknown[], keywords: JsonRecord): void {
  for (const [name, value] of given) {
    if (typeof value === 'function') given.set(name, bound(value as PuppetFunction, args, keywords));
  }
}

function bound(call: PuppetFunction, args: readonly unknown[], keywords: JsonRecord): (...first: unknown[]) => unknown {
  call.keywords = keywords;
  const run = (...first: unknown[]): unknown => call(...first, ...args);
  Object.defineProperty(run, 'name', { value: call.name });
  return run;
}

function bare(name: string): string {
  return name.replace('?', '');
}
