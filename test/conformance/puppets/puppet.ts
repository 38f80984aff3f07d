import type { ModuleApi } from '../../../src/module-api/module-api.js';
import {
  type AuthCheckerSpec,
  type CallbackSpec,
  type Json,
  type JsonRecord,
  type PuppetSpec,
  type ResourceSpec,
  textOf,
} from '../format.js';
import { pythonJson } from '../python-json.js';
import { makeCallback } from './behaviour.js';
import { type PuppetRow, puppetRow } from './callback-row.js';
import { camelCase } from './casing.js';
import { decode, type Scene } from './decode.js';
import { encode } from './encode.js';
import { callModuleApi, namingOfResult } from './module-api.js';
import { errorFor } from './raise.js';
import type { Actor, Theatre } from './theatre.js';
import { makeResources } from './web.js';

/** A module whose behaviour is data: what it registers and how its callbacks answer comes from a case. */
export class Puppet implements Actor {
  private readonly name: string;

  constructor(
    private readonly config: unknown,
    private readonly api: ModuleApi,
    spec: PuppetSpec,
    private readonly theatre: Theatre,
  ) {
    this.name = spec.name ?? '';
    theatre.log.push(`${this.name} constructor ${pythonJson(config as Json)}`);
    const raise = Object.hasOwn(spec, 'constructor') ? spec.constructor?.raise : undefined;
    if (raise !== undefined) throw errorFor(raise);
    for (const [category, callbacks] of Object.entries(spec.callbacks ?? {})) this.register(category, callbacks);
    for (const resource of spec.web_resources ?? []) this.addResource(resource);
    theatre.actors.set(this.name, this);
  }

  /** Runs an API step inside this module. */
  async callApi(call: readonly [method: string, ...args: Json[]], kwargs: JsonRecord): Promise<Json> {
    const [method, ...args] = call;
    if (method === '$config') return await encode(this.config);
    if (method === '$log') return [...this.theatre.log];
    if (method === 'register_web_resource') return this.registerResource(args);
    const scene: Scene = { theatre: this.theatre, module: this.name, args: [], encodedArgs: [] };
    const decoded = args.map((arg) => decode(arg, scene));
    const keywords = Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, decode(value, scene)]));
    return await encode(await callModuleApi(this.api, method, decoded, keywords), namingOfResult(method));
  }

  private registerResource([path, resource]: readonly Json[]): null {
    const spec = (resource as JsonRecord)['$resource'] as unknown as ResourceSpec;
    this.addResource({ ...spec, path: textOf(path) });
    return null;
  }

  private addResource(spec: ResourceSpec): void {
    for (const { path, resource, options } of makeResources(spec, this.api, this.theatre)) {
      this.api.registerWebResource(path, resource, options);
    }
  }

  private register(category: string, callbacks: Readonly<Record<string, CallbackSpec>>): void {
    const entries = Object.entries(callbacks).map(([name, spec]) => [name, this.handler(category, name, spec)]);
    const method = camelCase(`register_${category}_callbacks`);
    const register = (this.api as unknown as Record<string, (callbacks: unknown) => void>)[method];
    if (register === undefined) throw new TypeError(`there is no ${method}`);
    register.call(this.api, Object.fromEntries(entries));
  }

  private handler(category: string, name: string, spec: CallbackSpec): unknown {
    if (name === 'auth_checkers')
      return (spec as readonly AuthCheckerSpec[]).map((checker) => this.checker(category, checker));
    const row = puppetRow(category, name);
    const arity = 'arity' in spec ? spec.arity : undefined;
    const callback = makeCallback(this.role(category, name, { ...row, names: row.names.slice(0, arity) }));
    return name === 'on_update' ? this.bracket(callback) : callback;
  }

  private checker(category: string, { login_type: loginType, fields }: AuthCheckerSpec): unknown {
    const role = this.role(category, `auth_checkers[${loginType}]`, puppetRow(category, 'auth_checkers'));
    return { loginType, fields, check: makeCallback(role) };
  }

  private role(category: string, name: string, row: PuppetRow): Parameters<typeof makeCallback>[0] {
    const { theatre, api } = this;
    return { theatre, api, module: this.name, callback: `${category}.${name}`, name, row };
  }

  /** `on_update` answers with what surrounds an iteration; its rules are followed when the iteration begins. */
  private bracket(callback: (...args: unknown[]) => Promise<unknown>): (...args: unknown[]) => unknown {
    const note = (event: string, updateName: unknown): void => {
      const name = `background_update_controller.on_update:${event}`;
      this.theatre.record(this.name, name, { update_name: String(updateName) });
    };
    return async (...args) => ({
      enter: async () => {
        const answer = await callback(...args);
        note('enter', args[0]);
        return answer ?? 100;
      },
      exit: async () => {
        note('exit', args[0]);
      },
    });
  }
}

/** What a puppet's static `parseConfig` does, or undefined when the case gives it none. */
export function parseConfigOf(spec: PuppetSpec, theatre: Theatre): ((config: unknown) => unknown) | undefined {
  const parse = spec.parse_config;
  if (parse === undefined) return undefined;
  return (config) => {
    theatre.log.push(`${spec.name ?? ''} parse_config ${pythonJson(config as Json)}`);
    if (parse.raise !== undefined) throw errorFor(parse.raise);
    if (Object.hasOwn(parse, 'return')) return parse.return;
    return parse.merge === undefined ? config : { ...(config as object), ...parse.merge };
  };
}
