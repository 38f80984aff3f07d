import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { AccountThreepidDelegates } from '../../src/config/homeserver/homeserver-sections.js';
import type { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { type Account, accountOf, Accounts } from '../support/accounts.js';

const client = '/_matrix/client/v3';
const submit = '/_matrix/client/unstable/add_threepid/msisdn/submit_token';
const number = { country: 'GB', phone_number: '07700900001', client_secret: 'secret', send_attempt: 1 };
const creds = { client_secret: 'secret', sid: 'session' };

/** A server that phone numbers are left to: what it was asked, and what it says of its one session. */
class IdentityServer {
  readonly asked: string[] = [];
  /** What `getValidated3pid` answers with once the token is submitted. */
  validated: object = { medium: 'msisdn', address: '447700900001', validated_at: 1_700_000_000_000 };
  isProved = false;
  url = '';

  static async open(t: TestContext): Promise<IdentityServer> {
    const identity = new IdentityServer();
    const server = createServer((request, response) => {
      void (async () => {
        let text = '';
        for await (const chunk of request) text += String(chunk);
        const [path = '', query] = (request.url ?? '').split('?');
        identity.asked.push(`${request.method ?? ''} ${path} ${query ?? text}`);
        const [status, body] = identity.answer(path, text);
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      })();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    identity.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    return identity;
  }

  private answer(path: string, text: string): readonly [status: number, body: object] {
    if (path.endsWith('/requestToken')) return [200, { sid: 'session' }];
    if (path.endsWith('/submitToken')) {
      this.isProved = text.includes('"123456"');
      return this.isProved ? [200, { success: true }] : [400, { errcode: 'M_NO', error: 'wrong' }];
    }
    return this.isProved ? [200, this.validated] : [400, { errcode: 'M_SESSION_NOT_VALIDATED', error: 'not yet' }];
  }
}

async function open(t: TestContext, config: Partial<HomeserverConfig> = {}): Promise<[Accounts, IdentityServer]> {
  const identity = await IdentityServer.open(t);
  const accountThreepidDelegates = Object.assign(new AccountThreepidDelegates(), { msisdn: identity.url });
  return [await Accounts.open(t, { config: { accountThreepidDelegates, ...config } }), identity];
}

async function prove(hs: Accounts, account: Account | null, path: string): Promise<void> {
  const asked = await hs.call(account, 'POST', client + path, number);
  assert.equal(asked.body['sid'], 'session');
  assert.match(String(asked.body['submit_url']), /add_threepid\/msisdn\/submit_token$/);
  const wrong = await hs.call(null, 'POST', submit, { ...creds, token: '0' });
  assert.deepEqual([wrong.status, wrong.body['error']], [400, 'Error contacting the identity server']);
  const right = await hs.call(null, 'POST', submit, { ...creds, token: '123456' });
  assert.deepEqual([right.status, right.body], [200, { success: true }]);
}

test('somebody registers with a phone number that another server validates', async (t) => {
  const [hs, identity] = await open(t, { registrationsRequire3pid: ['msisdn'] });
  const wish = { username: 'alice', password: 'secret' };
  const first = await hs.call(null, 'POST', `${client}/register`, wish);
  assert.deepEqual(first.body['flows'], [{ stages: ['m.login.msisdn'] }]);
  const stage = { type: 'm.login.msisdn', threepid_creds: creds, session: first.body['session'] };
  const early = await hs.call(null, 'POST', `${client}/register`, { auth: stage });
  assert.deepEqual([early.status, early.body['errcode']], [401, 'M_UNAUTHORIZED']);
  assert.equal(early.body['error'], 'Unable to get validated threepid');
  await prove(hs, null, '/register/msisdn/requestToken');
  const made = await hs.call(null, 'POST', `${client}/register`, { auth: stage });
  assert.equal(made.body['user_id'], '@alice:hs.test');
  assert.ok(
    identity.asked.includes('GET /_matrix/identity/api/v1/3pid/getValidated3pid sid=session&client_secret=secret'),
  );
  const { body } = await hs.call(accountOf(made), 'GET', `${client}/account/3pid`);
  const [threepid] = body['threepids'] as { medium: string; address: string; validated_at: number }[];
  assert.deepEqual(
    [threepid?.medium, threepid?.address, threepid?.validated_at],
    ['msisdn', '447700900001', 1_700_000_000_000],
  );
});

test('a phone number is added to an account once it is validated', async (t) => {
  const [hs] = await open(t);
  const account = await hs.register('alice');
  const add = async (): Promise<readonly unknown[]> => {
    const { status, body } = await hs.confirmed(account, 'POST', `${client}/account/3pid/add`, creds);
    return [status, body['errcode']];
  };
  assert.deepEqual(await add(), [400, 'M_THREEPID_AUTH_FAILED']);
  await prove(hs, account, '/account/3pid/msisdn/requestToken');
  assert.deepEqual(await add(), [200, undefined]);
});

const refusals: readonly (readonly [auth: object, status: number, error: string])[] = [
  [{}, 401, 'Missing threepid_creds'],
  [{ threepid_creds: { sid: 'session' } }, 400, 'Missing param client_secret in creds'],
  [{ threepid_creds: { client_secret: '?', sid: 'session' } }, 400, 'Invalid client_secret parameter'],
  [{ threepid_creds: { client_secret: 'secret' } }, 400, 'Missing param session_id in creds'],
  [{ threepid_creds: creds }, 401, "Expecting threepid of type 'msisdn', got 'email'"],
];
test('what proves no phone number is refused', async (t) => {
  const [hs, identity] = await open(t);
  Object.assign(identity, { isProved: true, validated: { medium: 'email', address: 'a@b.c', validated_at: 1 } });
  for (const [auth, status, error] of refusals) {
    const body = { username: 'bob', password: 'secret', auth: { type: 'm.login.msisdn', ...auth } };
    const answer = await hs.call(null, 'POST', `${client}/register`, body);
    assert.deepEqual([answer.status, answer.body['error']], [status, error]);
  }
});

test('without such a server the stage is not offered', async (t) => {
  const hs = await Accounts.open(t);
  const first = await hs.call(null, 'POST', `${client}/register`, { username: 'alice', password: 'secret' });
  assert.deepEqual(first.body['flows'], [{ stages: ['m.login.dummy'] }]);
  const { status, body } = await hs.call(null, 'POST', submit, { ...creds, token: '1' });
  assert.equal(status, 400);
  assert.equal(body['error'], 'This homeserver is not validating phone numbers. Use an identity server instead.');
});
