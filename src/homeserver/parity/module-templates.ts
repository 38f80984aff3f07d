import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { Environment, LoaderSource } from 'nunjucks';
import type { Template } from '../../module-api/template.js';
import { ConfigError } from '../../errors/config-error.js';
import { HostError } from '../../errors/host-error.js';
import { loadOptional, type OptionalPackage } from '../../errors/package-missing.js';
import { builtInTemplates } from './built-in-templates.js';
import { formatTime } from './format-time.js';

const nunjucksPackage: OptionalPackage = { name: 'nunjucks', use: 'Rendering templates (readTemplates)' };

/** Where templates are looked for, and what their filters need. */
export interface TemplateOptions {
  /** Looked through in this order, before the built-in ones. */
  readonly directories: readonly string[];
  readonly publicBaseurl: string;
}

/**
 * Templates by name: Jinja's language by Nunjucks, with Synapse's filters (`config/_base.py: read_templates`). Values are
 * escaped in files named `.html`, `.htm` and `.xml`.
 *
 * @throws `ConfigError` for a directory that does not exist; `HostError` `TemplateNotFound`.
 */
export async function readTemplates(names: readonly string[], options: TemplateOptions): Promise<readonly Template[]> {
  for (const directory of options.directories) {
    if (!existsSync(directory)) throw new ConfigError(`Configured template directory does not exist: ${directory}`);
  }
  const { default: nunjucks } = await loadOptional(nunjucksPackage, () => import('nunjucks'));
  const environments = [true, false].map((autoescape) => {
    const loader = { getSource: (name: string) => sourceOf(name, options.directories) };
    return withFilters(new nunjucks.Environment([loader], { autoescape }), options.publicBaseurl);
  });
  return names.map((name) => {
    if (find(name, options.directories) === undefined) throw new HostError('TemplateNotFound', name);
    const [escaping, plain] = environments;
    return { name, render: (values = {}) => render(/\.(?:html?|xml)$/.test(name) ? escaping : plain, name, values) };
  });
}

function render(environment: Environment | undefined, name: string, values: object): Promise<string> {
  return new Promise((done, fail) => {
    environment?.render(name, values, (error, text) => {
      if (error === null && text !== null) done(text);
      else fail(error ?? new Error(`${name} rendered to nothing`));
    });
  });
}

function sourceOf(name: string, directories: readonly string[]): LoaderSource {
  const src = find(name, directories);
  // Nunjucks takes null for a template that is not there, which its types do not say.
  return (src === undefined ? null : { src, path: name, noCache: false }) as LoaderSource;
}

function find(name: string, directories: readonly string[]): string | undefined {
  for (const directory of directories) {
    const path = join(directory, name);
    const isInside = resolve(path).startsWith(resolve(directory) + sep);
    if (isInside && existsSync(path) && statSync(path).isFile()) return readFileSync(path, 'utf8');
  }
  return Object.hasOwn(builtInTemplates, name) ? builtInTemplates[name] : undefined;
}

function withFilters(environment: Environment, publicBaseurl: string): Environment {
  environment.addFilter('format_ts', (value: number, format: string) => formatTime(new Date(value), format));
  environment.addFilter('mxc_to_http', (value: string, width: number, height: number, method = 'crop') =>
    mxcToHttp(publicBaseurl, value, { width: String(width), height: String(height), method: String(method) }),
  );
  return environment;
}

function mxcToHttp(publicBaseurl: string, uri: string, params: Record<string, string>): string {
  if (!uri.startsWith('mxc://')) return '';
  const [path = '', ...fragment] = uri.slice('mxc://'.length).split('#');
  const query = new URLSearchParams(params).toString();
  const end = fragment.length === 0 ? '' : `#${fragment.join('#')}`;
  return `${publicBaseurl}_matrix/media/v1/thumbnail/${path}?${query}${end}`;
}
