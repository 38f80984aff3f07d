import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccountValidityConfig, SsoConfig } from '../../src/config/homeserver/homeserver-sections.js';
import { tuple } from '../../src/matrix/tuple.js';
import { Accounts } from '../support/accounts.js';
import { recordCallbacks } from '../support/callbacks.js';
import { ManualTimers } from '../support/manual-timers.js';

const renew = '/_matrix/client/unstable/account_validity/renew';
const sendMail = '/_matrix/client/unstable/account_validity/send_mail';
const validity = '/_synapse/admin/v1/account_validity/validity';
const whoami = '/_matrix/client/v3/account/whoami';
const day = 86_400_000;

test('accounts expire after a period and are renewed by the link of a mail', async (t) => {
  const clock = new ManualTimers();
  const accountValidity = Object.assign(new AccountValidityConfig(), { enabled: true, period: 10 * day, renewAt: day });
  const hs = await Accounts.open(t, { clock, config: { accountValidity } });
  const alice = await hs.register('alice');
  await hs.homeserver.services.users.threepids.add(alice.userId, {
    medium: 'email',
    address: 'a@b.c',
    validated_at: 0,
  });
  clock.advance(10 * day);
  assert.equal((await hs.call(alice, 'GET', whoami)).body['errcode'], 'ORG_MATRIX_EXPIRED_ACCOUNT');
  assert.equal((await hs.call(alice, 'POST', sendMail, {})).status, 200);
  assert.equal(hs.outbox[0]?.subject, 'Renew your Matrix account');
  const link = /https:\/\/hs\.test(\S+)/.exec(hs.outbox[0].text)?.[1] ?? '';
  assert.match((await hs.send('GET', link)).text, /successfully renewed and is valid until 21-01-1970/);
  assert.equal((await hs.call(alice, 'GET', whoami)).status, 200);
  assert.match((await hs.send('GET', link)).text, /Your account is valid until 21-01-1970/);
  const unknown = await hs.send('GET', `${renew}?token=x`);
  assert.deepEqual([unknown.status, unknown.headers.get('content-type')], [404, 'text/html; charset=utf-8']);
});

test('an administrator says until when an account is valid', async (t) => {
  const clock = new ManualTimers();
  const accountValidity = Object.assign(new AccountValidityConfig(), { enabled: true, period: day });
  const hs = await Accounts.open(t, { clock, config: { accountValidity } });
  const alice = await hs.register('alice');
  const admin = await hs.registerAdmin();
  const set = async (body: unknown): Promise<unknown> =>
    (await hs.call(admin, 'POST', validity, body)).body['expiration_ts'];
  assert.equal(await set({ user_id: alice.userId }), day);
  assert.equal(await set({ user_id: alice.userId, expiration_ts: 0 }), 0);
  assert.equal((await hs.call(alice, 'GET', whoami)).status, 403);
  assert.equal((await hs.call(admin, 'POST', validity, {})).status, 400);
});

test('without the setting and without a module the old endpoints do nothing', async (t) => {
  const hs = await Accounts.open(t);
  const admin = await hs.registerAdmin();
  const mail = await hs.call(admin, 'POST', sendMail, {});
  const error = 'Account renewal via email is disabled on this server.';
  assert.deepEqual([mail.status, mail.body], [403, { errcode: 'M_FORBIDDEN', error }]);
  assert.equal((await hs.call(admin, 'POST', validity, { user_id: admin.userId })).status, 500);
  assert.equal((await hs.send('GET', renew)).body['errcode'], 'M_MISSING_PARAM');
});

test('a module takes the old endpoints over', async (t) => {
  const hs = await Accounts.open(t);
  const admin = await hs.registerAdmin();
  const alice = await hs.register('alice');
  const calls = recordCallbacks(hs, 'account_validity', {
    on_legacy_renew: (token: string) => tuple(token === 'new', token === 'old', 0),
    on_legacy_admin_request: async (request: Request) => ((await request.json()) as { ts: number }).ts,
  });
  const statuses = await Promise.all(
    ['new', 'old', 'bad'].map(async (token) => (await hs.send('GET', `${renew}?token=${token}`)).status),
  );
  assert.deepEqual(statuses, [200, 200, 404]);
  assert.deepEqual((await hs.call(admin, 'POST', validity, { ts: 7 })).body, { expiration_ts: 7 });
  assert.equal((await hs.call(alice, 'POST', validity, {})).body['error'], 'You are not a server admin');
  assert.equal(calls.length, 4);
});

test('a single sign-on ends with a page that names the client, or at once for a trusted one', async (t) => {
  const sso = Object.assign(new SsoConfig(), { clientWhitelist: ['https://trusted.example/'] });
  const hs = await Accounts.open(t, { config: { sso } });
  const { userId } = await hs.register('alice');
  const calls = recordCallbacks(hs, 'account_validity', { on_user_login: null });
  const { sso: signOn } = hs.homeserver.services.users;
  const asked = await signOn.complete({
    userId,
    clientRedirectUrl: 'https://client.example/x?y=<1>',
    authProviderId: 'p',
  });
  assert.deepEqual([asked.status, asked.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  const page = await asked.text();
  assert.match(page, /<strong>client\.example<\/strong>/);
  assert.match(page, /https:\/\/client\.example\/x\?y=%3C1%3E&amp;loginToken=syl_/);
  const trusted = await signOn.complete({
    userId,
    clientRedirectUrl: 'https://trusted.example/#top',
    authProviderId: 'p',
  });
  assert.equal(trusted.status, 302);
  assert.match(trusted.headers.get('location') ?? '', /^https:\/\/trusted\.example\/\?loginToken=syl_\w+#top$/);
  assert.deepEqual(calls, [
    ['on_user_login', userId, 'm.login.sso', 'p'],
    ['on_user_login', userId, 'm.login.sso', 'p'],
  ]);
  const app = await (await signOn.complete({ userId, clientRedirectUrl: 'element://vector/path?x=1' })).text();
  assert.match(app, /<strong>element:\/\/vector\/path<\/strong>/);
  hs.homeserver.services.userStore.setFlag(userId, 'deactivated', true);
  assert.equal((await signOn.complete({ userId, clientRedirectUrl: 'https://trusted.example/' })).status, 403);
});
