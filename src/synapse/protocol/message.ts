/** Who answers a message: the modules (`vesicle host`), or Synapse (the Python bridge). */
export type Direction = 'toModules' | 'toSynapse' | 'both';

/** One message of the protocol as data; the types of its parameters and result are carried along. */
export interface Message<To extends Direction, Params, Result> {
  readonly to: To;
  /** A request is answered, with a result or an error; a notice is not. */
  readonly kind: 'request' | 'notice';
  /** The protocol version that brought it. */
  readonly since: number;
  /** What it is for, in a sentence: for the reference. */
  readonly summary: string;
  /** Carries the types; never a value. */
  readonly types?: (params: Params) => Result;
}

interface About {
  readonly since: number;
  readonly summary: string;
}

/** A message that is answered. */
export function request<To extends Direction, Params, Result>(to: To, about: About): Message<To, Params, Result> {
  return { to, kind: 'request', ...about };
}

/** A message that nobody answers. */
export function notice<To extends Direction, Params>(to: To, about: About): Message<To, Params, undefined> {
  return { to, kind: 'notice', ...about };
}

/** What a message is sent with. */
export type ParamsOf<M> = M extends Message<Direction, infer Params, unknown> ? Params : never;
/** What a message is answered with. */
export type AnswerOf<M> = M extends Message<Direction, never, infer Result> ? Result : never;

/** The kind of a message: only a request has a result. */
type KindOf<M> = [AnswerOf<M>] extends [undefined] ? 'notice' : 'request';

/** The names of the messages of one kind that go to one side, those that go both ways included. */
export type NamesOf<Messages, To extends Direction, Kind extends 'request' | 'notice'> = {
  readonly [Name in keyof Messages]: Messages[Name] extends { readonly to: To | 'both' }
    ? KindOf<Messages[Name]> extends Kind
      ? Name
      : never
    : never;
}[keyof Messages];
