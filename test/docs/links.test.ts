import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { inProject, projectText } from '../support/project.js';

const documents = globSync(['*.md', 'docs/*.md', 'src/*.md', 'samples/*/*.md', 'test/conformance/*.md'], {
  cwd: inProject('.'),
});

/** The anchors of the headings of a document, as GitHub makes them. */
function anchorsOf(document: string): ReadonlySet<string> {
  const headings = projectText(document).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every link of the documents leads to a file and a heading that are there', () => {
  const broken = documents.flatMap((document) =>
    [...projectText(document).matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]*))?\)/g)].flatMap(([, path, anchor]) => {
      const target = path === undefined || path === '' ? document : join(dirname(document), path);
      const isThere = existsSync(inProject(target)) && (anchor === undefined || anchorsOf(target).has(anchor));
      return isThere ? [] : [`${document}: ${target}#${anchor ?? ''}`];
    }),
  );
  assert.ok(documents.length > 10);
  assert.deepEqual(broken, []);
});
