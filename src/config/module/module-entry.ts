import type { JsonSchema } from '../values/json-schema.js';
import type { ConfigCursor } from '../values/config-cursor.js';
import { described, duration, isMapping, shown, type Mapping, oneOf } from '../values/readers.js';
import { membersOf, withoutDefault } from '../values/settings.js';

type Mode = 'enforce' | 'audit' | 'off';
type Action = 'allow' | 'deny' | 'error';

/** How callbacks are run, as an operator says it. */
interface EntryPolicy {
  readonly mode?: Mode;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly onFailure?: Action | { readonly local: Action; readonly federated: Action };
}

/** One item of `modules`, its keys checked. */
export interface ModuleEntry {
  /** As in the file: `./word-filter.ts`. */
  readonly name: string;
  /** Untouched: `undefined` when the key is absent. */
  readonly config: unknown;
  readonly policy: (EntryPolicy & { readonly callbacks?: Readonly<Record<string, EntryPolicy>> }) | undefined;
}

const mode = oneOf<Mode>('enforce', 'audit', 'off');
const action = oneOf<Action>('allow', 'deny', 'error');

const byOrigin = membersOf({ local: withoutDefault(action), federated: withoutDefault(action) });

const onFailure = described<NonNullable<EntryPolicy['onFailure']>>(
  { anyOf: [action.schema, byOrigin.schema] },
  (value, place) => {
    if (!isMapping(value)) return action(value, place);
    const given = byOrigin(value, place);
    return given === null ? null : { ...{ local: 'error', federated: 'allow' }, ...given };
  },
);

const unquotedMode = described<Mode>({ enum: ['enforce', 'audit', 'off', false] }, (value, place) =>
  // An unquoted `off` is false in YAML.
  mode(value === false ? 'off' : value, place),
);

const policySettings = {
  mode: withoutDefault(unquotedMode),
  timeout: withoutDefault(duration),
  onFailure: withoutDefault(onFailure),
};

const callbackPolicy = membersOf(policySettings);

const modulePolicy = membersOf(
  {
    ...policySettings,
    callbacks: withoutDefault(
      described<Readonly<Record<string, EntryPolicy>>>(
        { type: 'object', ...(callbackPolicy.schema && { additionalProperties: callbackPolicy.schema }) },
        (value, place) => {
          if (!isMapping(value))
            return place.report(
              `expected a mapping, got ${shown(value)}. Write "check_event_for_spam: { mode: audit }".`,
            );
          const read = Object.entries(value).map(([name, policy]) => [
            name,
            callbackPolicy(policy, place.at(name)) ?? {},
          ]);
          return Object.fromEntries(read) as Readonly<Record<string, EntryPolicy>>;
        },
      ),
    ),
  },
  { alsoKnown: ['module', 'config'], remedy: 'Write settings of the module below "config:".' },
);

/** What editors are told of one item of `modules`. */
export const moduleEntrySchema: JsonSchema = {
  ...modulePolicy.schema,
  properties: { ...modulePolicy.schema?.properties, module: { type: 'string' }, config: {} },
  required: ['module'],
};

/** Reads one item of `modules`; null when it is none (then the faults are reported, in Synapse's words). */
export function readModuleEntry(value: unknown, place: ConfigCursor): ModuleEntry | null {
  if (!isMapping(value)) {
    return place.report(`expected a mapping, got ${shown(value)}. Write "- module: ./my-module.ts".`);
  }
  const { module: name, config, ...rest } = value;
  const policy = readPolicy(rest, place);
  if (typeof name !== 'string') return faultyName(name, place);
  return { name, config, policy };
}

function faultyName(name: unknown, place: ConfigCursor): null {
  const given = name === undefined ? 'the key "module" is missing' : `got ${shown(name)}`;
  return place.at('module').report(`expected a string, ${given}. Write "module: ./my-module.ts".`);
}

function readPolicy(members: Mapping, place: ConfigCursor): ModuleEntry['policy'] {
  if (Object.keys(members).length === 0) return undefined;
  return modulePolicy(members, place) ?? undefined;
}
