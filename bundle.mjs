// Makes what the package ships of what tsc made: few files instead of a thousand, because a start is mostly the loading of files.
// The entries share their chunks, so that a name that a module imports from 'vesicle' is the one that the command line knows.
//   node bundle.mjs     (after tsc)
import { build } from 'esbuild';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
const compiled = join(root, 'dist/src');
const target = join(root, 'dist/bundle');

/** What the package is entered by; the last is loaded by node itself. */
const entries = ['index', 'testing/index', 'cli/main', 'loader/module-hooks-thread'];

/**
 * Libraries that consist of many files, as one. Our own code imports those of `importedPackages` from here: they need not be
 * installed beside the package. Node loads the class libraries and Inversify in place of our copies of them
 * (src/loader/bundled-packages.ts): what a module has a copy of itself, or imports without us, is not touched.
 */
const packages = {
  '@hono/node-server': `export * from '@hono/node-server';`,
  // Both in one file, because they share what they record.
  inversify: `
    export * from '@inversifyjs/core';
    export * from 'inversify';`,
  // Its edition for node is CommonJS, which cannot require node's own modules from here.
  yaml: `export * from './node_modules/yaml/browser/index.js';`,
  'class-transformer': `
    export * from 'class-transformer';
    export { defaultMetadataStorage } from 'class-transformer/esm2015/storage.js';
    import * as all from 'class-transformer';
    export default all;`,
  'class-validator': `
    export * from 'class-validator';
    import * as all from 'class-validator';
    export default all;`,
  // With what the homeserver knows of phone numbers, and with what class-validator does.
  'libphonenumber-js/min': `export { parsePhoneNumberFromString } from 'libphonenumber-js/min';`,
  'libphonenumber-js/max': `export { parsePhoneNumber } from 'libphonenumber-js/max';`,
};

const importedPackages = /^(?:@hono\/node-server|@inversifyjs\/core|inversify|libphonenumber-js\/min|yaml)$/;

/** Our own code finds those bundles by the "imports" of package.json, from whichever folder it ends up in. */
const withPackages = {
  name: 'with-packages',
  setup: ({ onResolve }) => {
    onResolve({ filter: importedPackages }, ({ path }) => {
      const name = path === '@inversifyjs/core' ? 'inversify' : path;
      return { path: `#packages/${name}`, external: true };
    });
  },
};

/** The tables of all phone numbers of the world are loaded with the first number that class-validator checks. */
const lazyPhoneNumbers = {
  name: 'lazy-phone-numbers',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^libphonenumber-js\/max$/ }, ({ path }) => ({ path, namespace: 'lazy' }));
    onLoad({ filter: /./, namespace: 'lazy' }, () => ({
      contents: `
        import { createRequire } from 'node:module';
        const load = () => createRequire(import.meta.url)('./libphonenumber-js/max.js');
        export const parsePhoneNumber = (...args) => load().parsePhoneNumber(...args);`,
    }));
  },
};

/** Listeners speak HTTP/1.1 only; node takes 20 ms to load the other. */
const withoutHttp2 = {
  name: 'without-http2',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:http2$/ }, ({ path }) => ({ path, namespace: 'without' }));
    onLoad({ filter: /./, namespace: 'without' }, () => ({
      contents: 'export class Http2ServerRequest {} export const constants = {};',
    }));
  },
};

/** Packages that stay what they are: those with native parts, and those that are loaded late or are a file or two. */
const external = [
  '@oxc-project/runtime',
  'class-transformer',
  'class-validator',
  'nodemailer',
  'nunjucks',
  'oxc-transform',
  'pino',
  'reflect-metadata',
  'sharp',
];

const common = { bundle: true, platform: 'node', format: 'esm', target: 'node22', metafile: true, logLevel: 'warning' };

async function bundle() {
  rmSync(target, { recursive: true, force: true });
  const own = build({
    ...common,
    entryPoints: entries.map((entry) => join(compiled, `${entry}.js`)),
    outbase: compiled,
    outdir: target,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    external,
    plugins: [withPackages],
    sourcemap: true,
    sourcesContent: false,
  });
  const others = Object.entries(packages).map(([name, contents]) =>
    build({
      ...common,
      stdin: { contents, resolveDir: root },
      outfile: join(target, `packages/${name}.js`),
      mainFields: ['es2015', 'module', 'main'],
      plugins: name === 'class-validator' ? [lazyPhoneNumbers] : [withoutHttp2],
    }),
  );
  const results = await Promise.all([own, ...others]);
  writeFileSync(
    join(target, 'LICENSES.txt'),
    licencesOf(results.flatMap(({ metafile }) => Object.keys(metafile.inputs))),
  );
}

/** The licences of the packages that the bundles contain. */
function licencesOf(inputs) {
  const names = inputs.flatMap((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []);
  const texts = [...new Set(names)].sort().map((name) => {
    const text = readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8');
    return `${name}\n\n${text.trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

await bundle();
