import { isTold } from '../../src/callbacks/rule.js';
import { callbackRows } from './callback-rows.js';
import { bridgeStates, hostStates } from '../../src/synapse/protocol/link-states.js';
import { limits, messages, protocolVersion } from '../../src/synapse/protocol/protocol.js';
import { apiTable } from './api-table.js';
import { readMessageTypes } from './message-types.js';

/** `src/synapse/protocol/protocol.json`: the protocol as data, for those who do not read TypeScript. */
export function protocolJson(): string {
  const types = readMessageTypes();
  const table = Object.entries(messages).map(([name, { to, kind, since, summary }]) => [
    name,
    { to, kind, since, summary, ...types.get(name) },
  ]);
  const callbacks = callbackRows().map(([callback, rule]) => [
    callback,
    { args: rule.args, result: rule.result, ...(isTold(rule) && { isNotification: true }) },
  ]);
  const protocol = {
    version: protocolVersion,
    limits,
    link: { bridge: bridgeStates, host: hostStates },
    messages: Object.fromEntries(table) as object,
    callbacks: Object.fromEntries(callbacks) as object,
    api: apiTable(),
  };
  return JSON.stringify(protocol);
}
