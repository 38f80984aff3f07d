import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { unexportedTypes } from '../support/named-types.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const main = 'dist/src/index.d.ts';

for (const [entry, ...beside] of [[main], ['dist/src/testing/index.d.ts', main]] as const) {
  test(`what ${entry} declares speaks of types only that authors can import`, () => {
    assert.deepEqual(unexportedTypes(entry, beside), []);
  });
}

test('types are found wherever a declaration names them', async (t) => {
  const parts = [
    'Parameter',
    'Result',
    'Field',
    'Constraint',
    'Argument',
    'Inherited',
    'Inside',
    'Imported',
    'Protected',
    'Asked',
  ];
  const interfaces = [...parts, 'Known', 'Internal', 'Implemented'].map(
    (name) => `export interface ${name} { readonly a: string }`,
  );
  const imported = [...parts, 'Known', 'Internal', 'Implemented'].filter((name) => name !== 'Imported');
  const folder = await temporaryFolder(t, {
    'parts.d.ts': [...interfaces, 'export declare const value: { readonly a: Asked };', ''].join('\n'),
    'index.d.ts': `import type { ${imported.join(', ')} } from './parts.js';
import { value } from './parts.js';
interface Local { readonly field: Inside }
declare class Base { inherited(): Inherited }
export declare class Everything<T extends Constraint> extends Base implements Implemented {
  private secret;
  protected readonly kept: Protected;
  /** @internal */
  constructor(parts: Internal);
  run(given: Parameter | undefined, known: Known): Promise<Result>;
  readonly fields: { readonly field: Field; readonly all: ReadonlyMap<string, T> };
  readonly local: Local & Partial<Argument>;
  readonly imported: import('./parts.js').Imported;
  readonly value: typeof value;
}
export { type Known } from './parts.js';
`,
  });
  const found = unexportedTypes(join(folder, 'index.d.ts'));
  assert.deepEqual(found.map(({ type }) => type).sort(), [...parts].sort());
  assert.ok(found.every(({ of }) => of === 'Everything'));
});
