import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SynapseLogReader } from '../../../src/cli/synapse-log.js';
import { TextLog } from '../../../src/log/text-log.js';

function read(...pieces: readonly string[]): { readonly lines: readonly string[]; readonly tail: string } {
  const lines: string[] = [];
  const now = (): Date => new Date('2026-01-01T12:00:00');
  const log = new TextLog({ level: 'debug', now, write: (line) => lines.push(line) });
  const reader = new SynapseLogReader(log, (logger) => logger.startsWith('vesicle.'));
  for (const piece of pieces) reader.take(piece);
  reader.end();
  return { lines, tail: reader.tail };
}

test('a line of Synapse keeps its level and says where it comes from', () => {
  const { lines } = read('WARNING\tsynapse.http\tslow\nINFO\tsynapse.app\tup\n');
  assert.deepEqual(lines, ['12:00:00 WARN  synapse.http: slow\n', '12:00:00 INFO  synapse.app: up\n']);
});

test('a stack stays with its message, however the output is cut', () => {
  const { lines } = read(
    'ERROR\tsynapse.app\tfai',
    'led\nTraceback:\n  File "x"',
    '\nKeyError\n',
    'INFO\tsynapse.app\tup',
  );
  assert.deepEqual(lines, [
    '12:00:00 ERROR synapse.app: failed\n    Traceback:\n      File "x"\n    KeyError\n',
    '12:00:00 INFO  synapse.app: up\n',
  ]);
});

test('what comes before the log is set up is shown and marked', () => {
  const { lines, tail } = read('Error in configuration:\n  no server_name\n');
  assert.deepEqual(lines, ['12:00:00 INFO  synapse: Error in configuration:\n      no server_name\n']);
  assert.equal(tail, 'Error in configuration:\n  no server_name');
});

test('lines that modules wrote are in our log already', () => {
  assert.deepEqual(read('INFO\tvesicle.Guard\tmuted\nwith a stack\n').lines, []);
});
