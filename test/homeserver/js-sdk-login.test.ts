import '../support/calm-js-sdk.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AuthDict,
  createClient,
  type IAuthData,
  InteractiveAuth,
  type MatrixClient,
  MatrixError,
} from 'matrix-js-sdk';
import { ModuleApi } from '../../src/module-api/module-api.js';
import type { AuthAnswer } from '../../src/callbacks/password-auth-provider.js';
import { Callback } from '../../src/decorators/callback.js';
import { Module } from '../../src/decorators/module.js';
import type { JsonObject } from '../../src/matrix/json.js';
import { tuple } from '../../src/matrix/tuple.js';
import { listen } from '../support/listening-homeserver.js';

const loginType = 'org.example.riddle';

/** Signs in whoever knows the answer to the riddle; accounts come into being with the first right answer. */
@Module()
class Riddle {
  constructor(private readonly api: ModuleApi) {}

  @Callback('password_auth_provider', 'auth_checkers', { loginType, fields: ['answer'] })
  async check(username: string, _type: string, { answer }: JsonObject): Promise<AuthAnswer> {
    if (answer !== 'time') return null;
    const userId = await this.api.getQualifiedUserId(username);
    if ((await this.api.checkUserExists(userId)) === null)
      await this.api.registerUser(username, { displayname: 'Solver' });
    return tuple(userId, async (response) => {
      response['org.example.solved'] = 1;
    });
  }
}

const identifier = { type: 'm.id.user', user: 'alice' };

test("matrix-js-sdk logs in by a module's login type", { timeout: 60_000 }, async (t) => {
  const baseUrl = await listen(t, [[Riddle]]);
  const anonymous = createClient({ baseUrl });
  const logIn = (answer: string): ReturnType<MatrixClient['loginRequest']> =>
    anonymous.loginRequest({ type: loginType, identifier, answer });
  const client = async (): Promise<MatrixClient> => {
    const { user_id, access_token, device_id } = await logIn('time');
    return createClient({ baseUrl, userId: user_id, accessToken: access_token, deviceId: device_id });
  };

  await t.test('the type is offered after the password', async () => {
    const { flows } = await anonymous.loginFlows();
    assert.deepEqual(
      flows.map((flow) => flow.type).filter((type) => type === loginType || type === 'm.login.password'),
      ['m.login.password', loginType],
    );
  });

  await t.test('a wrong answer is refused with code and text', async () => {
    await assert.rejects(logIn('space'), (error: MatrixError) => {
      assert.deepEqual([error.httpStatus, error.errcode], [403, 'M_FORBIDDEN']);
      return true;
    });
  });

  await t.test('a request without the field is refused by its name', async () => {
    await assert.rejects(anonymous.loginRequest({ type: loginType, identifier }), (error: MatrixError) => {
      assert.deepEqual([error.httpStatus, error.errcode], [400, 'M_UNKNOWN']);
      return true;
    });
  });

  await t.test('the right answer gives a token, and what the module added to the response', async () => {
    const response = await logIn('time');
    assert.equal(response.user_id, '@alice:localhost');
    assert.equal(Reflect.get(response, 'org.example.solved'), 1);
    const alice = createClient({ baseUrl, accessToken: response.access_token });
    assert.deepEqual(await alice.whoami(), {
      user_id: '@alice:localhost',
      device_id: response.device_id,
      is_guest: false,
    });
    assert.equal((await alice.getProfileInfo('@alice:localhost')).displayname, 'Solver');
  });

  await t.test('the type is a stage of user-interactive authentication', async () => {
    const alice = await client();
    const doomed = await client();
    const stages: string[] = [];
    const auth = new InteractiveAuth({
      matrixClient: alice,
      doRequest: (dict: AuthDict | null): Promise<IAuthData> =>
        alice.deleteDevice(doomed.getDeviceId() ?? '', dict ?? undefined),
      stateUpdated: (stage) => {
        stages.push(stage);
        void auth.submitAuthDict({ type: stage, identifier, answer: 'time' });
      },
      requestEmailToken: async () => ({ sid: '' }),
      supportedStages: [loginType],
    });
    await auth.attemptAuth();
    assert.deepEqual(stages, [loginType]);
    await assert.rejects(doomed.whoami(), (error: MatrixError) => error.errcode === 'M_UNKNOWN_TOKEN');
  });
});
