import { writeFile } from 'node:fs/promises';
import { generateReferences } from './references.js';

/** `npm run docs`: writes the documents that are made from tables in `src/`. */
for (const [file, text] of await generateReferences()) {
  await writeFile(file, text);
  console.log(file);
}
