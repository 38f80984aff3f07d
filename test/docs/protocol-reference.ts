import { isTold } from '../../src/callbacks/rule.js';
import { callbackRows } from './callback-rows.js';
import { bridgeStates, hostStates } from '../../src/synapse/protocol/link-states.js';
import type { Direction } from '../../src/synapse/protocol/message.js';
import { limits, messages, protocolVersion } from '../../src/synapse/protocol/protocol.js';
import { apiTable, type ApiTableRow } from './api-table.js';
import { type MessageTypes, readMessageTypes, readWireValues } from './message-types.js';

const answerers: Readonly<Record<Direction, string>> = {
  toModules: 'bridge → module host',
  toSynapse: 'module host → bridge',
  both: 'both ways',
};

/** `docs/protocol.md`: what a module host and the bridge say to each other, from the tables in `src/synapse`. */
export function protocolReference(): string {
  const types = readMessageTypes();
  return `${[
    '# The protocol between Synapse and a module host',
    '<!-- Made by `npm run docs` from src/synapse. Edit that, or test/docs/protocol-reference.ts, not this. -->',
    prose(),
    '## Limits',
    table(
      ['limit', 'value'],
      Object.entries(limits).map(([name, value]) => [code(name), String(value)]),
    ),
    '`frame` and `chunk` are bytes, the others milliseconds.',
    '## States of the link',
    linkProse,
    table(
      ['the bridge is', 'which means', 'questions', 'notifications', 'requests of the host', 'goes on with'],
      Object.entries(bridgeStates).map(([name, { means, questions, notifications, serves, next }]) => [
        code(name),
        means,
        questions === 'asked' ? 'asked' : 'by `onFailure`',
        notifications,
        serves ? 'served' : '-',
        transitions(next),
      ]),
    ),
    hostProse,
    table(
      ['a session of the host is', 'which means', 'answers', 'takes notices', 'other messages', 'goes on with'],
      Object.entries(hostStates).map(([name, { means, answers, notices, otherwise, next }]) => [
        code(name),
        means,
        answers.map(code).join(', ') || '-',
        notices ? 'yes' : 'no',
        otherwise === 'close' ? 'close the connection' : 'are refused',
        transitions(next),
      ]),
    ),
    groupProse,
    '## Messages',
    ...Object.entries(messages).flatMap(([name, message]) => messageSection(name, message, types.get(name))),
    '## Callbacks',
    'Arguments in order with their kinds, and the kind of the result. They travel by position. What is told is no question: it is queued while the host is away.',
    table(['callback', 'arguments', 'result'], callbackTable()),
    '## Methods of ModuleApi',
    'Arguments by name with their kinds, and the kind of the result.',
    table(['method', 'arguments', 'result'], Object.entries(apiTable()).map(apiRow)),
    '## Values',
    'A value has its kind by its place. Keys are Synapse’s; bytes travel as base64.',
    `\`\`\`ts\n${readWireValues()}\n\`\`\``,
  ].join('\n\n')}\n`;
}

function prose(): string {
  return `Version ${protocolVersion}. Both sides must speak the same: \`vesicle bridge --out DIR\` writes the bridge of a version. The same as data is in
\`src/synapse/protocol/protocol.json\`.

A **frame** is a length (4 bytes, big-endian) and so many bytes of JSON in UTF-8:

\`\`\`
request  {"id": 7, "method": "callback.invoke", "params": {...}}
answer   {"id": 7, "result": ...}   or   {"id": 7, "error": {...}}
notice   {"method": "log", "params": {...}}
\`\`\`

A frame whose length has its highest bit set carries **bytes** besides: its contents are the length of the JSON (4 bytes), the JSON, and the
bytes, which are the \`data\` of the result.

Both sides send requests and number their own; any number may be in flight, and answers come in any order. \`cancel\` says that nobody waits
for an answer any more: it need not be sent.

1. The bridge connects (or starts the host and speaks over one socket, which is its descriptor 3 and its standard input). Its first frame is \`hello\`, with the token if
   the host asks for one. A host that refuses answers with an error that says why, then closes. Nobody is waited for longer than 10
   seconds, and until then a frame may have 64 KiB.
2. \`modules.load\` finds and checks the modules: Synapse's \`parse_config\`. Problems come with Synapse's paths.
3. \`modules.open\` makes them, with the facts of this Synapse process: Synapse's constructor. The answer lists what to register.
4. \`callback.invoke\`, \`web.request\` and so on until one side closes. Each side asks with \`ping\` whether the other is there; one that
   does not answer within \`pongWithin\` counts as unresponsive until it does ([states of the link](#states-of-the-link)).

**Handles** are numbers for what stays where it is: the state of a room, a media file, a request, a function. Those that came with a call end with
it; those in an answer end with \`release\`; all end with the connection.

A frame that is longer than allowed, that is no JSON, or that no bridge of this version sends closes the connection, with one line in the
log. A value of the wrong kind fails its call only.`;
}

const linkProse = `The bridge has one link, which is in one of these states; what it does with a question or a notification follows from the state alone.`;

const hostProse = `The module host has one session for each connection. \`ping\`, \`cancel\` and \`bye\` are understood in each state.`;

const groupProse = `\`hello\`, \`load\` and \`open\` are the requests \`hello\`, \`modules.load\` and \`modules.open\`, \`transaction\` is \`db.run\`, and every other
request is a \`question\`.

**Ready.** Only the answer to \`modules.open\` makes a link ready, and one is ready again only if it had been.

**Silence.** The bridge pings every \`pingEvery\` while the link is ready or unresponsive, one ping at a time. Only the answer to the ping shows life,
no other byte does. A ping is answered in time within \`pongWithin\`, and a second longer for each MiB that had to pass before its answer could: what waited to be
sent when it was sent, and what has come since, of which at most \`frame\` bytes count. So an answer of ${limits.frame / 2 ** 20} MiB over 8 Mbit/s is no silence, and an endless
frame is one after ${limits.pongWithin / 1000 + limits.frame / 2 ** 20} s at the latest. When the link becomes unresponsive, questions in flight go by \`onFailure\`; a notification in flight is not sent again.

**Loss.** A link that cannot be written to is lost, too, since frames are missing then. Questions in flight go by \`onFailure\`. Notifications in flight are not sent again, and counted in the log, since nobody knows which were told. Those
that are kept are told in order, once the link is ready again.

**Time.** A question has as long as the \`timeout\`s of its modules together when all have one, and otherwise what \`timeout\` of the bridge says, if anything. So have, each,
\`function.call\` after the question that answered with the function, and \`slot.enter\` and \`slot.exit\` after \`on_update\`. What is not answered in time is cancelled: a question and
\`slot.enter\` go by \`onFailure\`, and a login whose \`function.call\` is not answered fails. A notification is cancelled once a later ping is answered, and the time that it has passes while the
link is unresponsive, too. \`web.request\` and \`web.read\` have as long as the client waits. An attempt of a transaction has \`transaction\`; when it is over, for whatever reason, each
statement of it that waits or still comes is answered with an error.

**Attempts.** The pause before an attempt begins with 0.1 s and doubles up to 5 s (up to 1 s when nobody listens at \`connect\`). It begins anew when a link was ready for
10 s.`;

function transitions(next: Readonly<Record<string, string>>): string {
  const all = Object.entries(next).map(([event, state]) => `${code(event)} → ${code(state)}`);
  return all.join(', ') || '-';
}

function messageSection(
  name: string,
  { to, kind, since, summary }: (typeof messages)[keyof typeof messages],
  types: MessageTypes | undefined,
): readonly string[] {
  const shown = [`${name}(${types?.params ?? ''})`, ...(types?.result === undefined ? [] : [`→ ${types.result}`])];
  return [
    `### ${name}`,
    `${answerers[to]}, ${kind}, since ${since}. ${summary}`,
    `\`\`\`\n${shown.join('\n')}\n\`\`\``,
  ];
}

function callbackTable(): string[][] {
  return callbackRows().map(([callback, rule]) => [
    code(callback),
    argumentList(rule.args),
    isTold(rule) ? 'told' : code(rule.result),
  ]);
}

function apiRow([method, { args, result }]: [string, ApiTableRow]): string[] {
  return [code(method), argumentList(args), code(result)];
}

function argumentList(args: Readonly<Record<string, string>>): string {
  return Object.entries(args)
    .map(([name, kind]) => code(`${name}: ${kind}`))
    .join(', ');
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, heading.map(() => '---'), ...rows];
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
