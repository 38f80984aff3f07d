import type { Dispatcher, RegisteredCallback } from '../../dispatch/dispatcher.js';
import type { WebResources } from '../../web/web-resources.js';
import type { WebResourceKind } from '../../web/web-resource.js';
import type { WireEntry, WireRegistration, WireWebResource } from '../protocol/wire-values.js';

/** What Synapse is to call, of everything that is registered: one row for each callback, for auth checkers one for each login type. */
export function wireRegistrations(dispatch: Dispatcher): readonly WireRegistration[] {
  const rows = new Map<string, { first: RegisteredCallback; entries: WireEntry[] }>();
  for (const registered of dispatch.registered()) {
    if (registered.mode === 'off') continue;
    const key = keyOf(registered);
    const row = rows.get(key) ?? { first: registered, entries: [] };
    row.entries.push(entryOf(registered));
    rows.set(key, row);
  }
  const fields = dispatch.loginTypes();
  return [...rows.values()].map(({ first: { category, name, loginType }, entries }) => ({
    category,
    name,
    ...(loginType !== undefined && { login_type: loginType, fields: fields.get(loginType) ?? [] }),
    entries,
  }));
}

/** The web resources that Synapse is to serve. */
export function wireWebResources(web: WebResources): readonly WireWebResource[] {
  return web.list.map((resource) => ({
    module: resource.moduleName,
    path: resource.path,
    subtree: resource.isSubtree,
    name: resourceNames[resource.kind],
  }));
}

/** What Synapse's access log and metrics call a resource. */
const resourceNames: Readonly<Record<WebResourceKind, string>> = {
  json: 'VesicleJsonResource',
  html: 'VesicleHtmlResource',
  plain: 'VesicleResource',
};

function keyOf({ category, name, loginType }: RegisteredCallback): string {
  return JSON.stringify([category, name, loginType]);
}

function entryOf({ module, mode, when, timeout, onFailure }: RegisteredCallback): WireEntry {
  return {
    module,
    mode,
    ...(when !== undefined && { when }),
    ...(timeout !== undefined && { timeout }),
    on_failure: onFailure,
  };
}
