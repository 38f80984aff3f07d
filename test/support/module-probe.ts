import type { TestContext } from 'node:test';
import { ModuleApi } from '../../src/module-api/module-api.js';
import { Module } from '../../src/decorators/module.js';
import { type EmbeddedOptions, EmbeddedHomeserver } from './embedded-homeserver.js';

/** A homeserver with a module that does nothing, and what that module was given. */
export interface Probed {
  readonly hs: EmbeddedHomeserver;
  readonly api: ModuleApi;
}

/** Opens a homeserver with a module whose `ModuleApi` the test uses. */
export async function openProbed(t: TestContext, options: Omit<EmbeddedOptions, 'modules'> = {}): Promise<Probed> {
  let given: ModuleApi | undefined;
  @Module()
  class Probe {
    constructor(api: ModuleApi) {
      given = api;
    }
  }
  const modules = [{ name: 'probe', type: Probe, config: {}, at: 'test' }];
  const hs = await EmbeddedHomeserver.open(t, { ...options, modules });
  if (given === undefined) throw new Error('the module was not made');
  return { hs, api: given };
}
