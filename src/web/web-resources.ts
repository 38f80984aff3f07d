import { HostError } from '../errors/host-error.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { type AnswerReports, dressResponse, withoutBody } from './dress-response.js';
import { answerError, answerOtherMethod, isAnswer, noSuchResource, unrecognizedPath } from './error-answers.js';
import { InFlight } from './in-flight.js';
import { handlerFor, type MountedResource, mountResource } from './mounted-resource.js';
import { rememberOrigin, type RequestOrigin } from './request-origin.js';
import { type Found, ResourceTree } from './resource-tree.js';
import { hasDotSegment } from './request-target.js';
import { builtInMountOf, segmentsOfRegistration } from './web-path.js';
import type { WebHandler, WebResourceLike, WebResourceOptions } from './web-resource.js';

/** Takes what web resources have to tell their operator. */
export interface WebLog {
  readonly warn: (message: string) => void;
  readonly error: (message: string, fields: { readonly err: unknown }) => void;
  /** Hears of each request before its handler runs. */
  readonly asked?: (module: string, what: string) => void;
}

/**
 * The web resources of all modules: who owns which path, and the answers to requests, with the statuses and headers of
 * Synapse's server (`server.py: register_module_web_resource`, `http/server.py`, Twisted).
 */
export class WebResources {
  private readonly resources = new Map<string, ServedResource>();
  private readonly pathsOf = new Map<string, string[]>();
  private tree: ResourceTree<ServedResource> | undefined;
  private isSealed = false;
  private readonly inFlight = new InFlight();

  constructor(private readonly log: WebLog) {}

  /** What is served, in the order of registration. */
  get list(): readonly MountedResource[] {
    return [...this.resources.values()];
  }

  /**
   * Serves a path. The first registration of a path stays; a later one is warned about.
   *
   * @throws `HostError` `RuntimeError` after {@link seal}; `VesicleError` `WEB_PATH_RESERVED`.
   */
  register(moduleName: string, path: string, resource: WebResourceLike, options: WebResourceOptions = {}): void {
    if (this.isSealed) {
      throw new HostError('RuntimeError', 'Tried to register a web resource from a module after startup');
    }
    const segments = segmentsOfRegistration(path);
    const reserved = builtInMountOf(segments);
    if (reserved !== undefined) throw new VesicleError('WEB_PATH_RESERVED', { where: moduleName, path, reserved });
    const owner = this.resources.get(path);
    if (owner !== undefined) {
      this.log.warn(`${moduleName}: the web path ${path} is already served by ${owner.moduleName}, which keeps it.`);
      return;
    }
    if (!path.startsWith('/')) {
      this.log.warn(
        `${moduleName}: the web path "${path}" has no slash at its start; it is served at /${segments.join('/')}.`,
      );
    }
    this.resources.set(path, this.serve(mountResource(moduleName, path, resource, options)));
    const paths = this.pathsOf.get(moduleName) ?? [];
    paths.push(path);
    this.pathsOf.set(moduleName, paths);
    this.tree = undefined;
  }

  /** Refuses further registrations: the server is about to listen. */
  seal(): void {
    this.isSealed = true;
  }

  /** Takes a module's resources away while `register` puts the new ones in place: for a module that is loaded again. */
  replace(moduleName: string, register: () => void): void {
    for (const path of this.pathsOf.get(moduleName) ?? []) this.resources.delete(path);
    if (this.pathsOf.delete(moduleName)) this.tree = undefined;
    const wasSealed = this.isSealed;
    this.isSealed = false;
    try {
      register();
    } finally {
      this.isSealed = wasSealed;
    }
  }

  /**
   * Answers a request: undefined when its path is Synapse's own. Never throws or rejects. `pathname` is the request's path
   * as it came, percent-encoded. A path that no URL can hold leads to no resource: whoever parses the URL of its request would
   * take it for another one.
   */
  handle(request: Request, pathname: string, origin?: RequestOrigin): Promise<Response> | Response | undefined {
    const found = this.find(pathname);
    switch (found) {
      case 'built_in':
        return undefined;
      case 'unrecognized':
        return bodyFor(request, unrecognizedPath());
      case 'no_such_resource':
        return bodyFor(request, noSuchResource());
      default:
        if (hasDotSegment(pathname)) return bodyFor(request, noSuchResource());
        if (origin !== undefined) rememberOrigin(request, origin);
        return this.answer(found, request, pathname);
    }
  }

  /** Whether a path is not Synapse's own. */
  serves(pathname: string): boolean {
    return this.find(pathname) !== 'built_in';
  }

  /** Resolves when no handler is at work. */
  idle(): Promise<void> {
    return this.inFlight.idle();
  }

  private find(pathname: string): Found<ServedResource> {
    return (this.tree ??= new ResourceTree(this.resources)).find(pathname);
  }

  private answer(resource: ServedResource, request: Request, pathname: string): Promise<Response> | Response {
    const { method } = request;
    const handler = handlerFor(resource, method);
    const answer =
      handler === undefined
        ? answerOtherMethod(resource.kind, method, pathname + queryOf(request), resource.methods)
        : this.call(resource, handler, request);
    if (method !== 'HEAD') return answer;
    return Promise.resolve(answer).then((response) => withoutBody(response, resource.kind === 'json'));
  }

  private call(served: ServedResource, handler: WebHandler, request: Request): Promise<Response> | Response {
    this.log.asked?.(served.moduleName, `${request.method} ${served.path}`);
    try {
      const answer: unknown = handler(request);
      if (!(answer instanceof Promise)) return this.dress(served, answer, request);
      this.inFlight.begin();
      return answer.then((response) => {
        this.inFlight.end();
        return this.dress(served, response, request);
      }, served.failed);
    } catch (error) {
      return served.fail(error);
    }
  }

  private dress(served: ServedResource, answer: unknown, request: Request): Promise<Response> | Response {
    try {
      if (!isResponse(answer)) throw new TypeError(`the handler of ${served.path} answered with no Response`);
      const dressed = dressResponse(served.kind, answer, request, served.reports);
      return dressed instanceof Promise ? this.inFlight.track(dressed).catch(served.fail) : dressed;
    } catch (error) {
      return served.fail(error);
    }
  }

  /** What becomes of a handler's answers and errors: made once, not for each request. */
  private serve(resource: MountedResource): ServedResource {
    const { kind, moduleName, path } = resource;
    const name = `${moduleName}: the web resource ${path}`;
    const corrections = new Set<string>();
    const onCorrection = (correction: string): void => {
      const [subject = ''] = correction.split(':', 1);
      if (corrections.has(subject)) return;
      corrections.add(subject);
      this.log.warn(`${name} ${correction}`);
    };
    const onFailure = (request: Request, err: unknown): void => {
      if (!request.signal.aborted)
        this.log.error(`${name} failed in the middle of an answer, which is cut off`, { err });
    };
    const fail = (error: unknown): Response => {
      if (!isAnswer(kind, error)) this.log.error(`${name} failed`, { err: error });
      try {
        return answerError(kind, error);
      } catch (err) {
        this.log.error(`${name} failed with an error that cannot be sent`, { err });
        return answerError(kind, undefined);
      }
    };
    const failed = (error: unknown): Response => {
      this.inFlight.end();
      return fail(error);
    };
    return { ...resource, reports: { onCorrection, onFailure }, fail, failed };
  }
}

interface ServedResource extends MountedResource {
  readonly reports: AnswerReports;
  readonly fail: (error: unknown) => Response;
  /** The same for what was waited for. */
  readonly failed: (error: unknown) => Response;
}

function queryOf({ url }: Request): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}

function bodyFor({ method }: Request, answer: Response): Promise<Response> | Response {
  return method === 'HEAD' ? withoutBody(answer) : answer;
}

/** Not `instanceof`: once a listener is open, `Response` is another class than the one that `fetch` answers with. */
function isResponse(value: unknown): value is Response {
  return typeof value === 'object' && value !== null && 'headers' in value && 'status' in value && 'body' in value;
}
