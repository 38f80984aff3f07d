interface Entry<T> {
  readonly value: T;
  /** Names of the parameters, in the order of the path. */
  readonly names: readonly string[];
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  parameter?: Node<T>;
  methods?: Map<string, Entry<T>>;
}

/** What a path leads to. */
export type Found<T> =
  | { readonly kind: 'found'; readonly value: T; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'method_not_allowed' }
  | { readonly kind: 'not_found' };

const NOT_FOUND = { kind: 'not_found' } as const;
const METHOD_NOT_ALLOWED = { kind: 'method_not_allowed' } as const;
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/**
 * Finds the endpoint of a path as Synapse does (`http/server.py: JsonResource`): segments are compared before they are
 * percent-decoded, a parameter may be empty, and a known path with another method is told from an unknown path.
 * Hono's routers decode first and do not know the last two, hence one of our own: a tree by segments.
 */
export class PathRouter<T> {
  private readonly root: Node<T> = newNode();
  private readonly fixed = new Map<string, Map<string, Entry<T>>>();

  /** Adds an endpoint. The first one added for a method and path stays. */
  add(method: string, path: string, value: T): void {
    const names: string[] = [];
    let node = this.root;
    for (const segment of path.split('/').slice(1)) {
      if (segment.startsWith(':')) {
        names.push(segment.slice(1));
        node = node.parameter ??= newNode();
      } else {
        node = childOf(node, segment);
      }
    }
    const methods = (node.methods ??= new Map<string, Entry<T>>());
    if (!methods.has(method)) methods.set(method, { value, names });
    if (names.length === 0) this.fixed.set(path, methods);
  }

  find(method: string, path: string): Found<T> {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const entry = this.fixed.get(path)?.get(wanted);
    if (entry !== undefined) return { kind: 'found', value: entry.value, params: NO_PARAMS };
    return this.walk(wanted, path.split('/'));
  }

  private walk(method: string, segments: readonly string[]): Found<T> {
    const captured: string[] = [];
    const methods = this.visit(this.root, segments, 1, method, captured);
    const entry = methods?.get(method);
    if (entry === undefined) return methods === undefined ? NOT_FOUND : METHOD_NOT_ALLOWED;
    const params: Record<string, string> = {};
    entry.names.forEach((name, index) => {
      params[name] = percentDecode(captured[index] ?? '');
    });
    return { kind: 'found', value: entry.value, params };
  }

  /** The methods at the end of the path: those that have the wanted one, where fixed and variable segments compete. */
  private visit(
    node: Node<T>,
    segments: readonly string[],
    at: number,
    method: string,
    captured: string[],
  ): Map<string, Entry<T>> | undefined {
    const segment = segments[at];
    if (segment === undefined) return node.methods;
    const child = node.children.get(segment);
    const methods = child === undefined ? undefined : this.visit(child, segments, at + 1, method, captured);
    if (methods?.has(method) === true || node.parameter === undefined) return methods;
    const length = captured.length;
    captured.push(segment);
    const others = this.visit(node.parameter, segments, at + 1, method, captured);
    if (others?.has(method) === true) return others;
    captured.length = length;
    return methods ?? others;
  }
}

/** Decodes `%41` as Python's `urllib.parse.unquote` does: what is no escape stays, what is no UTF-8 becomes U+FFFD. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString(),
    );
  }
}

function newNode<T>(): Node<T> {
  return { children: new Map() };
}

function childOf<T>(node: Node<T>, segment: string): Node<T> {
  let child = node.children.get(segment);
  if (child === undefined) {
    child = newNode();
    node.children.set(segment, child);
  }
  return child;
}
