import fc from 'fast-check';

/** Values that JSON has no form for, or that fail when they are looked at; made anew for each use. */
const hostile: readonly Maker[] = [
  () => undefined,
  () => NaN,
  () => Infinity,
  () => -Infinity,
  () => -0,
  () => 10n ** 30n,
  () => -(2n ** 63n),
  () => Symbol('symbol'),
  () => () => 1,
  () => class Unknown {},
  () => new Date(0),
  () => new Date(NaN),
  () => new Set([1, 'a']),
  () => new Map<unknown, unknown>([['a', 1]]),
  () => new Map<unknown, unknown>([[{}, 1]]),
  () => new WeakMap(),
  () => new WeakRef({}),
  () => Promise.resolve(1),
  () => /a/u,
  () => new Error('an error'),
  () => new Uint8Array([0, 255]),
  () => Buffer.from('a'),
  () => new Float64Array([NaN]),
  () => new ArrayBuffer(8),
  () => new URL('https://example.org/'),
  () => new URLSearchParams('a=b'),
  () => Object(1) as unknown,
  () => Object(10n) as unknown,
  () => Object('text') as unknown,
  () => '\ud800',
  () => '\u0000\u2028"\\',
  () => ({ $vesicle: 'int', value: '1' }),
  () => ({ $vesicle: 'unknown' }),
  () => JSON.parse('{"__proto__": {"a": 1}, "constructor": null}') as unknown,
  () => Object.create(null) as unknown,
  () => new Array<unknown>(3),
  () => (function* () {})(),
  () => globalThis.process.stdout,
  circle,
  () => nested(400),
  () => nested(600),
  () => nested(20_000),
  () => ({
    get member(): never {
      throw new Error('a getter');
    },
  }),
  () => ({
    get member(): never {
      throw Object.create(null);
    },
  }),
  () => ({
    toJSON(): never {
      throw new TypeError('toJSON');
    },
  }),
  () => ({ toJSON: () => ({ toJSON: () => 1n }) }),
  () => ({ toJSON: 5 }),
  () => ({ toString: null, valueOf: null, [Symbol.toPrimitive]: 7 }),
  endlessToJson,
  () => throwingProxy({}),
  () => throwingProxy([]),
  () => new Proxy(() => 1, {}),
  () => revoked({}),
  () => revoked([]),
  changingGetter,
];

/** Makes a value; fast-check itself would fail over some of them. */
export type Maker = () => unknown;

/** Anything that a module may answer or throw. */
export function anyThing(): fc.Arbitrary<Maker> {
  const one = fc.constantFrom(...hostile);
  const plain = fc.jsonValue({ maxDepth: 2 });
  const odd = fc.anything({ withBigInt: true, withDate: true, withSet: true, withMap: true, maxDepth: 2 });
  return fc.oneof(
    { weight: 3, arbitrary: one },
    { weight: 1, arbitrary: fc.oneof(plain, odd).map((value) => () => value) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.string(), plain, one)
        .map(([key, first, make]) => () => ({ first, [key]: make(), '\ud800': first })),
    },
    { weight: 1, arbitrary: fc.tuple(plain, one).map(([first, make]) => () => [first, make()]) },
  );
}

/** An error of which one member is anything. */
export function anyError(makeError: () => Error): fc.Arbitrary<Maker> {
  const names = ['message', 'name', 'stack', 'cause', 'status', 'errcode', 'additionalFields', 'headers', 'location'];
  return fc.tuple(fc.constantFrom(...names), anyThing()).map(
    ([name, make]) =>
      () =>
        Object.defineProperty(makeError(), name, { value: make(), configurable: true }),
  );
}

function circle(): unknown {
  const object: Record<string, unknown> = {};
  object['self'] = [object];
  return object;
}

function nested(depth: number): unknown {
  let value: unknown = 'core';
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

function endlessToJson(): object {
  return { toJSON: endlessToJson };
}

function throwingProxy(target: object): unknown {
  const fail = (): never => {
    throw new Error('a trap');
  };
  return new Proxy(target, {
    get: fail,
    ownKeys: fail,
    getPrototypeOf: fail,
    has: fail,
    getOwnPropertyDescriptor: fail,
  });
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function changingGetter(): unknown {
  let reads = 0;
  return {
    get member(): unknown {
      return reads++ === 0 ? 1 : () => 1;
    },
  };
}
