import { Code } from '../errors/matrix-codes.js';
import { SynapseError } from '../errors/synapse-error.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { ObservedCall } from '../dispatch/observed-call.js';
import type { Logger } from '../log/logger.js';
import { isTuple } from '../matrix/tuple.js';

/** Logs each refusal by a module: module, callback, user, room, event and answer. */
export function logRefusals(dispatch: Dispatcher, log: Logger): void {
  dispatch.observe((call) => {
    if (!call.isRefusal) return;
    const { module, category, name } = call;
    const verb = call.mode === 'audit' ? 'would have refused (audit)' : 'refused';
    log.info(`${module}: ${category}.${name} ${verb}`, {
      module,
      ...dispatch.logFieldsOf(call),
      answer: answerOf(call),
    });
  });
}

function answerOf(call: ObservedCall): string {
  const { error } = call;
  if (error === undefined) return describeAnswer(call.answer);
  if (error instanceof SynapseError) return `${error.status} ${error.errcode} ${error.message}`;
  return error instanceof Error ? `threw ${error.message}` : 'threw';
}

/** An answer as its author wrote it. */
function describeAnswer(answer: unknown): string {
  if (answer instanceof Code) return answer.value;
  if (isTuple(answer)) return `(${answer.items.map(describeAnswer).join(', ')})`;
  if (typeof answer === 'string') return answer;
  if (typeof answer === 'symbol') return answer.description ?? 'symbol';
  if (typeof answer === 'object' && answer !== null && 'name' in answer && typeof answer.name === 'string') {
    return answer.name;
  }
  return answer === undefined ? 'undefined' : JSON.stringify(answer);
}
