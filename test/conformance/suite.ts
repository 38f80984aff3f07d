import { type Difference, differenceFor } from './differences.js';
import type { Case } from './format.js';
import type { ConformanceHost } from './host.js';
import { runCase } from './run-case.js';

/** How a case came out; `difference` is a case that a row of the differences excuses. */
export interface CaseResult {
  readonly id: string;
  readonly result: 'passed' | 'failed' | 'difference';
  readonly reason: string | null;
}

/** What a whole run came to, as `--report` writes it. */
export interface Report {
  readonly host: string;
  readonly passed: number;
  readonly failed: number;
  readonly differences: readonly Difference[];
  readonly cases: readonly CaseResult[];
}

/** The reason of a case that passed only when nothing else ran. */
const passedAlone = 'alone, at the second try';

/** No case takes longer than this. */
const limitMs = 60_000;

/** Runs cases, as many at once as the host can; `tell` hears of each as it ends. */
export async function runSuite(
  cases: readonly Case[],
  host: ConformanceHost,
  differences: readonly Difference[],
  tell: (result: CaseResult) => void,
): Promise<Report> {
  const results: CaseResult[] = [];
  const queue = [...cases.entries()].values();
  const lane = async (): Promise<void> => {
    for (const [index, test] of queue) {
      const result = judge(test.id, await problemsOf(test, host), differenceFor(test.id, differences));
      results[index] = result;
      tell(result);
    }
  };
  await Promise.all(Array.from({ length: host.lanes }, lane));
  if (host.lanes > 1) await runAloneWhatFailed(cases, results, { host, differences, tell });
  const count = (result: CaseResult['result']): number => results.filter((one) => one.result === result).length;
  return {
    host: host.name,
    passed: count('passed'),
    failed: count('failed'),
    differences: differences.filter((row) => cases.some((test) => differenceFor(test.id, [row]) !== undefined)),
    cases: results,
  };
}

interface Stage {
  readonly host: ConformanceHost;
  readonly differences: readonly Difference[];
  readonly tell: (result: CaseResult) => void;
}

/**
 * Some recordings depend on how fast things go: what happens while a callback sleeps, what a client that gives up has seen. Where
 * several cases share the processors, one that failed gets a second chance alone, as all cases were recorded.
 */
async function runAloneWhatFailed(cases: readonly Case[], results: CaseResult[], stage: Stage): Promise<void> {
  const { host, differences, tell } = stage;
  for (const [index, test] of cases.entries()) {
    if (results[index]?.result !== 'failed') continue;
    const result = judge(test.id, await problemsOf(test, host), differenceFor(test.id, differences));
    results[index] = result.result === 'failed' ? result : { ...result, reason: passedAlone };
    tell(results[index]);
  }
}

async function problemsOf(test: Case, host: ConformanceHost): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => {
      resolve([`not done after ${limitMs} ms`]);
    }, limitMs);
  });
  try {
    return await Promise.race([runCase(test, host), late]);
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  } finally {
    clearTimeout(timer);
  }
}

function judge(id: string, problems: readonly string[], difference: Difference | undefined): CaseResult {
  if (difference === undefined) {
    return { id, result: problems.length === 0 ? 'passed' : 'failed', reason: problems.join('\n') || null };
  }
  if (problems.length > 0) return { id, result: 'difference', reason: difference.reason };
  return { id, result: 'failed', reason: `passes, although differences.json says: ${difference.reason}` };
}
