import { recordWebResource, type WebResourceDecoratorOptions } from '../metadata/web-resource-record.js';
import type { Fetchable, WebHandler } from '../web/web-resource.js';
import { classOf, isClass } from './decorated-class.js';
import { refuseStandard } from './standard-decorator.js';

export { type WebResourceDecoratorOptions } from '../metadata/web-resource-record.js';

/**
 * What `@WebResource` returns: it takes methods that handle requests, and properties or accessors that hold anything with `fetch`.
 *
 * @example
 * ```ts
 * import { WebResource, type WebResourceDecorator } from 'vesicle';
 * export const Page = (name: string): WebResourceDecorator =>
 *   WebResource(`/_synapse/client/guard/${name}`, { kind: 'html' });
 * ```
 */
export interface WebResourceDecorator {
  <M extends WebHandler>(target: object, method: string | symbol, descriptor: TypedPropertyDescriptor<M>): void;
  <F extends Fetchable>(target: object, accessor: string | symbol, descriptor: TypedPropertyDescriptor<F>): void;
  (target: object, property: string | symbol, nothing?: undefined): void;
}

/**
 * Serves a path. A method answers exactly that path: all HTTP methods, or the one named; several methods may share a path
 * with different ones. A property that holds anything with `fetch(request)` answers the path and everything below it.
 *
 * @example
 * ```ts
 * import { Module, WebResource } from 'vesicle';
 *
 * \@Module()
 * export class Greeter {
 *   \@WebResource('/_synapse/client/greeter/hello', { method: 'GET' })
 *   async hello(request: Request): Promise<Response> {
 *     return Response.json({ hello: new URL(request.url).searchParams.get('name') });
 *   }
 * }
 * ```
 */
export function WebResource(path: string, options: WebResourceDecoratorOptions = {}): WebResourceDecorator {
  return (target: object, member: string | symbol): void => {
    refuseStandard('@WebResource', member);
    recordWebResource(classOf(target), { path, member, isStatic: isClass(target), options });
  };
}
