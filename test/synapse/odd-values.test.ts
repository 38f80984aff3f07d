import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder } from '../support/bridged-synapse.js';
import { MatrixClient } from '../support/matrix-client.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

describe('on a real Synapse', { timeout: 240_000 }, () => {
  let forks: SynapseForks;
  before(async () => {
    forks = await SynapseForks.open();
  });
  after(() => forks[Symbol.asyncDispose]());

  it('odd errors of a module and odd values of SQL fail their own calls only', async () => {
    const place = await BridgedPlace.make(forks);
    await using _host = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse({}, [{ module: './odd.ts' }]);
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const bob = await MatrixClient.register(synapse.url, 'bob');
    const room = await alice.createRoom({ preset: 'public_chat' });
    assert.equal((await bob.request('POST', `/_matrix/client/v3/join/${room}`, {})).status, 200);
    const sendAs = (client: MatrixClient, content: object): ReturnType<MatrixClient['request']> => {
      const path = `/_matrix/client/v3/rooms/${room}/send/m.room.message/${Math.random()}`;
      return client.request('PUT', path, { msgtype: 'm.text', body: 'odd', ...content });
    };
    const send = async (content: object): Promise<number> => (await sendAs(alice, content)).status;

    const slow = send({ sleep: true });
    const odd: readonly (readonly [content: object, status: number])[] = [
      [{ fields: ['a'] }, 500],
      [{ fields: 'a' }, 500],
      [{ fields: { msg: 1, code: 2 } }, 400],
      [{ fields: { errcode: 5, nested: { deep: [] } } }, 400],
      [{ headers: ['a'] }, 500],
      [{ headers: { 'X-A': 5 } }, 500],
      [{ headers: { 'X-A': 'a\nb' } }, 400],
      [{ headers: { 'X-A': '\u20ac' } }, 400],
      [{ status: 'x' }, 500],
      [{ status: null }, 500],
      [{ redirect: true }, 500],
      [{ text: 'half' }, 500],
    ];
    const statuses: number[] = [];
    for (const [content] of odd) statuses.push(await send(content));
    assert.deepEqual(
      statuses,
      odd.map(([, status]) => status),
    );
    assert.equal(await slow, 200);

    const refused = await sendAs(bob, { kick: alice.userId });
    assert.deepEqual(
      [refused.status, refused.body],
      [403, { errcode: 'M_FORBIDDEN', error: `You cannot kick user ${alice.userId}.` }],
    );

    const sql = "SELECT 9e999, -9e999, 9223372036854775807, 1.5, NULL, x'00ff', 'a'";
    const rows = await alice.request('GET', `/_synapse/client/odd/sql?sql=${encodeURIComponent(sql)}`);
    assert.deepEqual(rows.body, [
      ...['number Infinity', 'number -Infinity', 'bigint 9223372036854775807', 'number 1.5'],
      ...['object null', 'bytes 0,255', 'string a'],
    ]);
    assert.equal(await send({ body: 'bad' }), 403);
    assert.doesNotMatch(await synapse.output(), /is lost|does not respond/);
    await assertCleanLog(synapse);
  });
});
