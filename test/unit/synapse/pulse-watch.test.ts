import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../../src/synapse/protocol/protocol.js';
import { PulseWatch } from '../../../src/synapse/transport/pulse-watch.js';
import { deferred } from '../../support/deferred.js';
import { RecordingLog } from '../../support/recording-log.js';

test('a side that does not answer pings is told of once, and again when it answers', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const log = new RecordingLog();
  let pong = deferred();
  let pings = 0;
  const watch = new PulseWatch(() => {
    pings++;
    return pong.promise;
  }, log);
  watch.start();
  watch.start();
  t.mock.timers.tick(limits.pingEvery);
  assert.equal(pings, 1);
  t.mock.timers.tick(limits.pongWithin + 3 * limits.pingEvery);
  assert.deepEqual([pings, log.texts], [1, ['warn Synapse has not answered for 10 s: it is busy or stopped.']]);
  pong.resolve(undefined);
  await pong.promise;
  assert.equal(log.texts.at(-1), 'info Synapse answers again.');
  pong = deferred();
  t.mock.timers.tick(limits.pingEvery);
  assert.equal(pings, 2);
  watch.stop();
  t.mock.timers.tick(10 * limits.pingEvery);
  assert.deepEqual([pings, log.lines.length], [2, 2]);
});
