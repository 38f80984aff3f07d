import { builtInMounts, segmentsOfRegistration, segmentsOfRequest } from './web-path.js';

/** What a resource tree needs to know of a resource. */
export interface TreeResource {
  /** Answers everything below its path as well: Twisted's `isLeaf`. */
  readonly isSubtree: boolean;
}

/** What lies at a path: a resource, Synapse's own, or one of the two ways in which nothing is there. */
export type Found<Resource> = Resource | 'built_in' | 'unrecognized' | 'no_such_resource';

interface Node<Resource> {
  readonly children: Map<string, Node<Resource>>;
  content?: Resource | 'built_in';
}

/**
 * Paths as Twisted resolves them (`twisted.web.resource`, `util/httpresourcetree.py`). Segments that only lead to others
 * are dummies: they and everything unknown below them are JSON 404s, while an unknown first segment and anything unknown
 * below a resource that is no subtree get Twisted's HTML page.
 */
export class ResourceTree<Resource extends TreeResource> {
  private readonly root = newNode<Resource>();
  /** Resources by the plain path of a request, so that the common one costs a single look-up. */
  private readonly byPath = new Map<string, Resource>();

  constructor(resources: Iterable<readonly [path: string, resource: Resource]>) {
    for (const mount of builtInMounts) this.nodeAt(segmentsOfRegistration(mount)).content = 'built_in';
    for (const [path, resource] of resources) this.nodeAt(segmentsOfRegistration(path)).content = resource;
    this.indexByPath('', this.root);
  }

  /** What lies at the path of a request, which is still percent-encoded. */
  find(pathname: string): Found<Resource> {
    return this.byPath.get(pathname) ?? this.walk(segmentsOfRequest(pathname));
  }

  private walk(segments: readonly string[]): Found<Resource> {
    let node = this.root;
    for (const segment of segments) {
      if (endsPath(node.content)) return node.content;
      const child = node.children.get(segment);
      if (child === undefined) return this.missing(node, segments);
      node = child;
    }
    return node.content ?? 'unrecognized';
  }

  private missing(node: Node<Resource>, segments: readonly string[]): Found<Resource> {
    if (node !== this.root) return node.content === undefined ? 'unrecognized' : 'no_such_resource';
    // Synapse's own answer to `/` is a redirect.
    return segments.length === 1 && segments[0] === '' ? 'built_in' : 'no_such_resource';
  }

  private nodeAt(segments: readonly string[]): Node<Resource> {
    let node = this.root;
    for (const segment of segments) {
      let child = node.children.get(segment);
      if (child === undefined) {
        child = newNode();
        node.children.set(segment, child);
      }
      node = child;
    }
    return node;
  }

  private indexByPath(path: string, node: Node<Resource>): void {
    if (typeof node.content === 'object') this.byPath.set(path, node.content);
    if (endsPath(node.content)) return;
    for (const [segment, child] of node.children) {
      // A segment with a percent sign is compared with the decoded one of the request.
      if (!segment.includes('%')) this.indexByPath(`${path}/${segment}`, child);
    }
  }
}

function newNode<Resource>(): Node<Resource> {
  return { children: new Map<string, Node<Resource>>() };
}

function endsPath<Resource extends TreeResource>(
  content: Resource | 'built_in' | undefined,
): content is Resource | 'built_in' {
  return content === 'built_in' || content?.isSubtree === true;
}
