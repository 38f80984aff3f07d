import type {
  Fetchable,
  HttpMethod,
  WebHandler,
  WebResourceKind,
  WebResourceLike,
  WebResourceOptions,
} from './web-resource.js';
import type { TreeResource } from './resource-tree.js';

/** Handlers by method; `*` answers the methods that have none of their own. */
type Handlers = Readonly<Record<string, WebHandler>>;

/** A web resource as it is served. */
export interface MountedResource extends TreeResource {
  readonly moduleName: string;
  readonly path: string;
  readonly kind: WebResourceKind;
  readonly isSubtree: boolean;
  readonly handlers: Handlers;
  /** The methods answered, none when all are. */
  readonly methods: readonly HttpMethod[];
}

/** Brings the three forms of a web resource into one. */
export function mountResource(
  moduleName: string,
  path: string,
  resource: WebResourceLike,
  options: WebResourceOptions,
): MountedResource {
  const handlers = handlersOf(resource, options.method);
  const isFetchable = typeof resource !== 'function' && isFetch(resource);
  return {
    moduleName,
    path,
    kind: options.kind ?? (isFetchable ? 'plain' : 'json'),
    isSubtree: options.subtree ?? isFetchable,
    handlers,
    methods: '*' in handlers ? [] : (Object.keys(handlers) as HttpMethod[]),
  };
}

/** The handler for a method, or undefined. HEAD is answered by GET's; only a plain resource may have one of its own. */
export function handlerFor(resource: MountedResource, method: string): WebHandler | undefined {
  const { handlers, kind } = resource;
  if (method !== 'HEAD') return handlers[method] ?? handlers['*'];
  return (kind === 'plain' ? handlers['HEAD'] : undefined) ?? handlers['GET'] ?? handlers['*'];
}

function handlersOf(resource: WebResourceLike, method: HttpMethod | undefined): Handlers {
  if (typeof resource === 'function') return withoutPrototype({ [method ?? '*']: resource });
  if (isFetch(resource)) return withoutPrototype({ [method ?? '*']: (request) => resource.fetch(request) });
  return withoutPrototype(method === undefined ? resource : { [method]: resource[method] });
}

/** A request's method may be `constructor`: the table must have no inherited members. */
function withoutPrototype(handlers: Readonly<Record<string, WebHandler | undefined>>): Handlers {
  const table = Object.create(null) as Record<string, WebHandler>;
  for (const [method, handler] of Object.entries(handlers)) if (handler !== undefined) table[method] = handler;
  return table;
}

function isFetch(resource: object): resource is Fetchable {
  return 'fetch' in resource && typeof resource.fetch === 'function';
}
