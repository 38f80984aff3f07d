import type { ArgumentKind, ArgumentKindOf, ResultKind, ResultKindOf } from './wire-kinds.js';

/** What is sent to Synapse for a method, and what comes back. */
export interface SentCall {
  /** Synapse's name; a dot leads to `account_data_manager` and `public_room_list_manager`. */
  readonly synapse: string;
  /** Arguments that must be given, in order: Synapse's names, with their kinds unless they are `json`. */
  readonly args: readonly (string | readonly [name: string, kind: ArgumentKind])[];
  /** Members of the last argument, by our names; those that are not given keep Synapse's default. */
  readonly options?: Readonly<Record<string, ArgumentKind>>;
  readonly result: ResultKind;
}

/** What is known of each method. */
interface Known<Synapse extends string> {
  readonly synapse: Synapse;
  /** It changes something in the homeserver or of what the module registered, rather than to read or wait. */
  readonly changes: boolean;
  /** What to call instead; the documentation of the method says it, too. */
  readonly deprecated?: string;
}

/** A method that Synapse runs: its signature has these kinds. */
interface SentRow<Synapse extends string, Method extends AnyMethod> extends Known<Synapse> {
  readonly by: 'synapse';
  readonly args: KindsOf<RequiredOf<Parameters<Method>>>;
  readonly options?: OptionKindsOf<OptionsOf<Parameters<Method>>>;
  readonly result: ResultKindOf<Awaited<ReturnType<Method>>>;
}

/** A method that each host runs itself; what it tells Synapse besides, if anything. */
interface HostRow<Synapse extends string> extends Known<Synapse> {
  readonly by: 'host';
  /** It may be called inside a database transaction: it does not wait for the homeserver. */
  readonly isAllowedInTransaction?: true;
  readonly args?: SentCall['args'];
  readonly options?: SentCall['options'];
  readonly result?: ResultKind;
}

/** The row of one method: its name in Synapse, and how it is run. Options without kinds do not compile. */
export type MethodRow<Synapse extends string, Method extends AnyMethod> =
  | HostRow<Synapse>
  | (OptionsOf<Parameters<Method>> extends undefined
      ? SentRow<Synapse, Method> & { readonly options?: never }
      : Required<Pick<SentRow<Synapse, Method>, 'options'>> & SentRow<Synapse, Method>);

/** `getUserinfoById` as Synapse writes it: `get_userinfo_by_id`. */
export type SnakeCase<Name extends string, Done extends string = ''> = Name extends `${infer First}${infer Rest}`
  ? SnakeCase<
      Rest,
      `${Done}${First extends `${number}` ? `_${First}` : First extends Lowercase<First> ? First : `_${Lowercase<First>}`}`
    >
  : Done;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any function: a constraint, of which nothing is called
export type AnyMethod = (...args: any[]) => unknown;

type RequiredOf<Given extends readonly unknown[]> = Given extends readonly [infer First, ...infer Rest]
  ? [First, ...RequiredOf<Rest>]
  : [];

type OptionsOf<Given extends readonly unknown[]> = Given extends readonly [unknown, ...infer Rest]
  ? OptionsOf<Rest>
  : Given extends readonly []
    ? undefined
    : Exclude<Given[0], undefined>;

type KindsOf<Given extends readonly unknown[]> = {
  readonly [Index in keyof Given]:
    | readonly [name: string, kind: Exclude<ArgumentKindOf<Given[Index]>, 'json'>]
    | ('json' extends ArgumentKindOf<Given[Index]> ? string : never);
};

type OptionKindsOf<Options> = {
  readonly [Name in keyof Options]-?: ArgumentKindOf<Exclude<Options[Name], undefined>>;
};

/** The name and the kind of an argument. */
export function argumentOf(argument: SentCall['args'][number]): readonly [name: string, kind: ArgumentKind] {
  return typeof argument === 'string' ? [argument, 'json'] : argument;
}
