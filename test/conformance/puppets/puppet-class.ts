import { inject } from 'inversify';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import { Module } from '../../../src/decorators/module.js';
import type { PuppetSpec } from '../format.js';
import { parseConfigOf, Puppet } from './puppet.js';
import type { Theatre } from './theatre.js';

/** A class as a module file would export it. */
export type PuppetClass = new (config: unknown, api: ModuleApi) => object;

/** The module class that `puppet.NAME` stands for in one case. */
function makePuppetClass(spec: PuppetSpec, theatre: Theatre): PuppetClass {
  @Module({ name: spec.name ?? '' })
  class PuppetModule {
    readonly puppet: Puppet;

    constructor(@inject('config') config: unknown, api: ModuleApi) {
      this.puppet = new Puppet(config, api, spec, theatre);
    }
  }
  const parseConfig = parseConfigOf(spec, theatre);
  return parseConfig === undefined ? PuppetModule : Object.assign(PuppetModule, { parseConfig });
}

/** `puppet.A` is a class of the case; other names are looked for as in a file of an author. */
export function resolvePuppet(
  name: string,
  { puppets, theatre }: { readonly puppets: ReadonlyMap<string, PuppetSpec>; readonly theatre: Theatre },
): PuppetClass | undefined {
  const spec = name.startsWith('puppet.') ? puppets.get(name.slice('puppet.'.length)) : undefined;
  return spec && makePuppetClass(spec, theatre);
}
