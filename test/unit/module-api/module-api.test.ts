import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ModuleApi } from '../../../src/module-api/module-api.js';
import type { Registrar } from '../../../src/module-api/registrar.js';
import { callbackRules } from '../../../src/callbacks/registry.js';
import { EmbeddedModuleApi } from '../../../src/homeserver/module-api/embedded-module-api.js';
import { bareModuleApi } from '../../support/bare-module-api.js';

/** The public names of Synapse 1.163.2's `ModuleApi`, as its class has them. */
const properties = [
  'http_client',
  'public_room_list_manager',
  'account_data_manager',
  'public_baseurl',
  'email_app_name',
  'server_name',
  'worker_name',
  'worker_app',
  'custom_template_dir',
];
const methods = [
  ...Object.keys(callbackRules).map((category) => `register_${category}_callbacks`),
  'register_web_resource',
  'get_userinfo_by_id',
  'get_user_by_req',
  'is_user_admin',
  'set_user_admin',
  'get_qualified_user_id',
  'get_profile_for_user',
  'get_threepids_for_user',
  'check_user_exists',
  'check_username',
  'register_user',
  'register_device',
  'register',
  'record_user_external_id',
  'create_login_token',
  'invalidate_access_token',
  'get_user_ip_and_agents',
  'set_displayname',
  'get_monthly_active_users_by_service',
  'store_remote_3pid_association',
  'complete_sso_login_async',
  'is_mine',
  'create_room',
  'delete_room',
  'update_room_membership',
  'create_and_send_event_into_room',
  'get_room_state',
  'get_state_events_in_room',
  'lookup_room_alias',
  'get_canonical_room_alias',
  'send_local_online_presence_to',
  'set_presence_for_users',
  'send_http_push_notification',
  'check_push_rule_actions',
  'set_push_rule_action',
  'send_mail',
  'read_templates',
  'run_db_interaction',
  'register_cached_function',
  'invalidate_cache',
  'looping_background_call',
  'delayed_background_call',
  'run_as_background_process',
  'should_run_background_tasks',
  'sleep',
  'defer_to_thread',
  'defer_to_threadpool',
  'get_current_time_msec',
];

const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());

test("every name of Synapse's ModuleApi is there, in camelCase", () => {
  assert.equal(properties.length + methods.length, 68);
  const registering = bareModuleApi({} as Registrar);
  const isThere = (name: string): boolean => name in EmbeddedModuleApi.prototype || name in registering;
  const absent = methods.filter((name) => !isThere(camelCase(name)));
  assert.deepEqual(absent, []);
});

test('the documentation of a method says what it is called in Synapse', () => {
  const files = ['users-api', 'rooms-api', 'presence-api', 'messaging-api', 'background-api', 'registration-api'];
  const text = files.map((file) => readFileSync(`src/module-api/${file}.ts`, 'utf8')).join('\n');
  const unnamed = methods.filter((name) => !text.replace(/\s*\n\s*\* ?/g, ' ').includes(`Synapse: \`${name}\``));
  assert.deepEqual(unnamed, []);
});

test('every method that registers nothing is called by a test of the embedded homeserver', () => {
  const text = globSync('test/homeserver/module-api*.test.ts')
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const called = (name: string): boolean => new RegExp(`\\bapi\\.${camelCase(name)}[<(]`).test(text);
  const untested = methods.filter((name) => !/^register_.*(callbacks|resource)$/.test(name) && !called(name));
  assert.deepEqual(untested, []);
});

test('a method for registering passes the category and the callbacks on', () => {
  const registered: unknown[] = [];
  const registrar = {
    registerCallbacks: (category: string, callbacks: unknown) => registered.push([category, callbacks]),
    registerWebResource: (...args: unknown[]) => registered.push(args),
  } as unknown as Registrar;
  const api = bareModuleApi(registrar) as ModuleApi & Readonly<Record<string, (callbacks: object) => void>>;
  const expected: unknown[] = [];
  for (const category of Object.keys(callbackRules)) {
    const callbacks = {};
    api[camelCase(`register_${category}_callbacks`)]?.(callbacks);
    expected.push([category, callbacks]);
  }
  const handler = (): Response => new Response();
  api.registerWebResource('/x', handler, { method: 'GET' });
  assert.deepEqual(registered, [...expected, ['/x', handler, { method: 'GET' }]]);
});
