import { DatabaseSync } from 'node:sqlite';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Fastify from 'fastify';
import { startHomeserver } from 'vesicle/testing';
import { WordFilter } from '../samples/word-filter/module.js';
import { type BenchRow, benchRow } from './bench-row.js';
import { byTurns, median } from './measure.js';

const inARow = 100;
const rounds = 5;

/**
 * What a test of a module costs: a homeserver with one module, one user, one room and one message, from start to closed, beside the
 * least that such a test could be: a Fastify application with one table in SQLite, and four requests.
 */
export async function testing(): Promise<BenchRow[]> {
  // Loads the code, and makes the tables of databases in memory once.
  for (let count = 0; count < 10; count++) await testModule();
  const memoryAtFirst = await memoryAfter(inARow, testModule);
  const memoryAtLast = await memoryAfter(3 * inARow, testModule);
  const times = await byTurns({ own: () => middleOf(testModule), other: () => middleOf(testFastify) }, rounds);
  return [
    benchRow('testing/one', times['own'] ?? NaN, 'ms', 'fastify + node:sqlite', times['other'] ?? NaN),
    benchRow('testing/memory', memoryAtLast, 'bytes', 'after the first 110', memoryAtFirst),
  ];
}

async function testModule(): Promise<void> {
  await using hs = await startHomeserver({ modules: [[WordFilter, { banned_words: ['casino'] }]] });
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  const { status } = await alice.send(room, 'good morning');
  if (status !== 200) throw new Error(`The message got ${String(status)}`);
}

async function testFastify(): Promise<void> {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE messages (id INTEGER PRIMARY KEY, body TEXT)');
  const app = Fastify();
  app.post<{ Body: { readonly body: string } }>('/messages', async (request) => {
    const { lastInsertRowid: id } = database.prepare('INSERT INTO messages (body) VALUES (?)').run(request.body.body);
    return { id: Number(id) };
  });
  for (let count = 0; count < 4; count++) {
    await app.inject({ method: 'POST', url: '/messages', payload: { body: 'good morning' } });
  }
  await app.close();
  database.close();
}

/** The median time of so many in a row, in milliseconds. */
async function middleOf(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < inARow; count++) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

/** Bytes that are in use when so many in a row are over. */
async function memoryAfter(count: number, work: () => Promise<void>): Promise<number> {
  for (let done = 0; done < count; done++) await work();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
