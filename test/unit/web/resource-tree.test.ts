import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResourceTree, type TreeResource } from '../../../src/web/resource-tree.js';

interface Named extends TreeResource {
  readonly name: string;
}

/** Registrations in order; a name that ends in `+` is a subtree. */
type Registrations = Readonly<Record<string, string>>;

const puppet = '/_synapse/client/puppet';
const rows: readonly (readonly [title: string, Registrations, requests: Readonly<Record<string, string>>])[] = [
  [
    'a resource answers its own path only',
    { [puppet]: 'A' },
    { [puppet]: 'A', [`${puppet}/`]: 'no_such_resource', [`${puppet}/sub`]: 'no_such_resource' },
  ],
  [
    'a subtree answers its path and everything below it',
    { [puppet]: 'A+' },
    { [puppet]: 'A', [`${puppet}/`]: 'A', [`${puppet}/sub/sub`]: 'A', [`${puppet}x`]: 'unrecognized' },
  ],
  [
    'segments that lead to a resource are dummies, and so is what is below them',
    { '/a/b/c': 'A' },
    { '/a': 'unrecognized', '/a/': 'unrecognized', '/a/x/y': 'unrecognized', '/a/b': 'unrecognized', '/a/b/c': 'A' },
  ],
  [
    'an unknown first segment is nothing of ours',
    {},
    { '/nothing': 'no_such_resource', '/nothing/x': 'no_such_resource' },
  ],
  [
    'the segments above the built-in resources are dummies without any module',
    {},
    { '/_matrix': 'unrecognized', '/_synapse/client': 'unrecognized', '/_matrix/x': 'unrecognized' },
  ],
  [
    'built-in resources and what is below them are left alone',
    { '/_matrix/org.example': 'A' },
    {
      '/_matrix/client/v3/sync': 'built_in',
      '/health': 'built_in',
      '/.well-known/matrix/client': 'built_in',
      '/': 'built_in',
    },
  ],
  ['the root is a path like any other', { '/': 'A+' }, { '/': 'A', '/x': 'no_such_resource' }],
  ['the empty path is the root', { '': 'A' }, { '/': 'A' }],
  [
    'a trailing slash is a segment of its own',
    { '/x': 'A', '/x/': 'B' },
    { '/x': 'A', '/x/': 'B', '/x/y': 'no_such_resource' },
  ],
  [
    'only the path with the slash is served',
    { '/x/': 'A+' },
    { '/x/': 'A', '/x': 'unrecognized', '/x/y': 'unrecognized' },
  ],
  [
    'below a resource another one can be registered, in either order',
    { '/x/in': 'A', '/x': 'B', '/y': 'B', '/y/in': 'A' },
    { '/x': 'B', '/x/in': 'A', '/x/other': 'no_such_resource', '/y': 'B', '/y/in': 'A' },
  ],
  [
    'below a subtree nothing else is reached, in either order',
    { '/x/in': 'A', '/x': 'B+', '/y': 'B+', '/y/in': 'A' },
    { '/x/in': 'B', '/y/in': 'B' },
  ],
  ['a path without slashes is served below the root', { noslash: 'A' }, { '/noslash': 'A' }],
  [
    'the piece before the first slash is dropped',
    { 'drop/seg': 'A' },
    { '/seg': 'A', '/drop/seg': 'no_such_resource' },
  ],
  [
    'requests are percent-decoded by segment, registrations are not',
    { '/a b': 'A', '/c%20d': 'B', '/e/ü': 'C' },
    {
      '/a%20b': 'A',
      '/c%20d': 'no_such_resource',
      '/c%2520d': 'B',
      '/e/%C3%BC': 'C',
      '/e%2F%C3%BC': 'no_such_resource',
    },
  ],
  ['a broken escape stands for itself', { '/100%': 'A' }, { '/100%': 'A', '/%zz': 'no_such_resource' }],
  ['capitals matter', { '/Words': 'A' }, { '/Words': 'A', '/words': 'no_such_resource' }],
  [
    'names of object members are no paths',
    {},
    { '/__proto__': 'no_such_resource', '/constructor/x': 'no_such_resource' },
  ],
];

for (const [title, registrations, requests] of rows) {
  test(title, () => {
    const tree = new ResourceTree<Named>(
      Object.entries(registrations).map(([path, name]) => [
        path,
        { name: name.replace('+', ''), isSubtree: name.endsWith('+') },
      ]),
    );
    const found = Object.keys(requests).map((path) => {
      const at = tree.find(path);
      return [path, typeof at === 'string' ? at : at.name];
    });
    assert.deepEqual(Object.fromEntries(found), requests);
  });
}
