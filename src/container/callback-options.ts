import type { CallbackOptions, CallbackPolicy, FailurePolicy } from '../callbacks/callback-options.js';
import { findRule } from '../callbacks/registry.js';
import type { OperatorPolicy } from '../loader/loaded-module.js';

/** Who says what about a callback; the earlier goes before the later: operator for it, operator, author for it, author. */
export interface PolicySources {
  readonly operator: OperatorPolicy | undefined;
  readonly module: CallbackPolicy;
}

/** The options that hold for one callback. */
export function optionsFor(
  sources: PolicySources,
  category: string,
  name: string,
  own: CallbackOptions = {},
): CallbackOptions {
  const { callbacks, ...operator } = sources.operator ?? {};
  const refuses = findRule(category, name)?.refusal !== undefined;
  return {
    ...forCallback(sources.module, refuses),
    ...own,
    ...forCallback(operator, refuses),
    ...callbacks?.[name],
  };
}

/** A policy of a whole module: `deny` holds for its gates, and leaves the callbacks that refuse nothing as they are. */
function forCallback(policy: CallbackPolicy, refuses: boolean): CallbackPolicy {
  const { onFailure, ...rest } = policy;
  if (onFailure === undefined || refuses) return policy;
  return { ...rest, onFailure: withoutDeny(onFailure) };
}

function withoutDeny(policy: FailurePolicy): FailurePolicy {
  if (typeof policy === 'string') return policy === 'deny' ? 'error' : policy;
  const { local, federated } = policy;
  return { local: local === 'deny' ? 'error' : local, federated: federated === 'deny' ? 'error' : federated };
}
