import type { Interceptor } from '../callbacks/interceptor.js';
import type { AnyHandler } from '../callbacks/rule.js';
import type { Class } from '../metadata/metadata-store.js';
import type { Fetchable, WebHandler, WebResourceLike } from '../web/web-resource.js';
import type { CallScope } from './call-scope.js';
import { answerAsQuestion } from './web-question.js';

/** What runs around the callbacks and web resources of a module. It is there when the module is asked, not before. */
export interface CallParts {
  readonly callScope: CallScope | undefined;
  readonly interceptor: (type: Class<Interceptor>) => Interceptor;
}

/** Where a handler stands: the category and the name that its interceptors see. */
export interface HandlerPlace {
  readonly category: string;
  readonly name: string;
}

/** The category that interceptors see of web resources. */
const webCategory = 'web_resource';

/** Puts around the handlers of a module what runs around them. Where nothing does, they stay what they are. */
export class ModuleCalls {
  constructor(
    private readonly module: string,
    private readonly interceptors: readonly Class<Interceptor>[],
    private readonly parts: () => CallParts,
  ) {}

  /** Whether the module has services that live for one question. */
  get hasCallScope(): boolean {
    return this.parts().callScope !== undefined;
  }

  /** A handler with interceptors around it, the first outermost. */
  intercepted(
    handler: AnyHandler,
    { category, name }: HandlerPlace,
    interceptors: readonly Class<Interceptor>[],
  ): AnyHandler {
    const { module } = this;
    if (interceptors.length === 0) return handler;
    return interceptors.reduceRight<AnyHandler>((next, type) => {
      return async (...args: readonly unknown[]) =>
        this.parts()
          .interceptor(type)
          .intercept({ module, category, name, args }, async () => next(...args));
    }, handler);
  }

  /** A callback with the interceptors of the module around it, in the scope of its question. */
  callback(handler: AnyHandler, place: HandlerPlace): AnyHandler {
    if (this.interceptors.length === 0 && !this.hasCallScope) return handler;
    const intercepted = this.intercepted(handler, place, this.interceptors);
    if (!this.hasCallScope) return intercepted;
    return async (...args: readonly unknown[]) => {
      await this.parts().callScope?.enter();
      return intercepted(...args);
    };
  }

  /** The same for each handler of a web resource; each request is one question. */
  webResource(resource: WebResourceLike, path: string): WebResourceLike {
    if (this.interceptors.length === 0 && !this.hasCallScope) return resource;
    return mapHandlers(resource, (handler) => {
      const answer = this.callback(async (request: Request) => handler(request), { category: webCategory, name: path });
      if (!this.hasCallScope) return answer as WebHandler;
      return (async (request: Request) => answerAsQuestion(() => answer(request))) as WebHandler;
    });
  }

  /** A member that is a web resource, with interceptors that stand on it alone. */
  webMember(
    resource: WebHandler | Fetchable,
    path: string,
    interceptors: readonly Class<Interceptor>[] = [],
  ): WebResourceLike {
    if (interceptors.length === 0) return resource;
    return mapHandlers(resource, (handler) => {
      const place = { category: webCategory, name: path };
      return this.intercepted(async (request: Request) => handler(request), place, interceptors) as WebHandler;
    });
  }
}

function mapHandlers(resource: WebResourceLike, around: (handler: WebHandler) => WebHandler): WebResourceLike {
  if (typeof resource === 'function') return around(resource);
  if ('fetch' in resource) return { fetch: around((request) => resource.fetch(request)) };
  // A method that is given as undefined stays without a handler.
  const handlers = Object.entries<WebHandler | undefined>(resource);
  return Object.fromEntries(
    handlers.flatMap(([method, handler]) => (handler === undefined ? [] : [[method, around(handler)]])),
  );
}
