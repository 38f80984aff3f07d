import type { MatrixEvent } from '../matrix/event.js';
import { isJsonObject, type JsonObject } from '../matrix/json.js';

/** Names of arguments that say on whose behalf something happens, the event aside. */
const actors = ['user_id', 'inviter', 'requester_id'];

/** How to get from the arguments of a callback to what `when` and the log speak of; an absent member cannot be known. */
export interface Subject {
  readonly type?: (args: readonly unknown[]) => unknown;
  readonly state_key?: (args: readonly unknown[]) => unknown;
  readonly sender?: (args: readonly unknown[]) => unknown;
  readonly room_id?: (args: readonly unknown[]) => unknown;
  readonly content?: (args: readonly unknown[]) => JsonObject | undefined;
  readonly event_id?: (args: readonly unknown[]) => unknown;
}

/** What a line of the log says of the subject of a question, as far as it is known: user, room, event and its type. */
export function logFieldsOf(subject: Subject, args: readonly unknown[]): Readonly<Record<string, string>> {
  const fields = {
    user: subject.sender?.(args),
    room: subject.room_id?.(args),
    event: subject.event_id?.(args),
    type: subject.type?.(args),
  };
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => typeof field[1] === 'string'),
  );
}

/** What can be known of the subject of a question, by the names of its arguments. */
export function subjectOf(argumentNames: readonly string[]): Subject {
  const event = argumentNames.indexOf('event');
  return event >= 0 ? subjectOfEvent(event) : subjectOfArguments(argumentNames);
}

function subjectOfEvent(index: number): Subject {
  const from = (args: readonly unknown[]): MatrixEvent | undefined => args[index] as MatrixEvent | undefined;
  return {
    type: (args) => from(args)?.type,
    state_key: (args) => from(args)?.stateKey,
    sender: (args) => from(args)?.sender,
    room_id: (args) => from(args)?.roomId,
    content: (args) => from(args)?.content,
    event_id: (args) => from(args)?.eventId,
  };
}

function subjectOfArguments(names: readonly string[]): Subject {
  const reader = (...candidates: string[]): ((args: readonly unknown[]) => unknown) | undefined => {
    const index = names.findIndex((name) => candidates.includes(name));
    return index < 0 ? undefined : (args) => args[index];
  };
  const requester = reader('requester');
  const sender = requester === undefined ? reader(...actors) : (args: readonly unknown[]) => userIdOf(requester(args));
  const content = reader('content');
  const readers = {
    type: reader('event_type', 'account_data_type'),
    state_key: reader('state_key'),
    sender,
    room_id: reader('room_id'),
    event_id: reader('event_id'),
    content: content && ((args: readonly unknown[]) => asObject(content(args))),
  };
  return Object.fromEntries(Object.entries(readers).filter(([, read]) => read !== undefined));
}

function userIdOf(requester: unknown): unknown {
  return isJsonObject(requester) ? requester['userId'] : undefined;
}

function asObject(value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}
