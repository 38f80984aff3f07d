// error: 'getNothing' does not exist
import { apiMethods, type MethodName } from '../../../src/module-api/api-methods.js';
import type { MethodRow, SnakeCase } from '../../../src/module-api/method-row.js';
import type { HostApi } from '../../../src/module-api/module-api.js';

export const rows = {
  ...apiMethods,
  getNothing: { synapse: 'get_nothing', by: 'synapse', args: [], result: 'none', changes: false },
} as const satisfies { readonly [Name in MethodName]: MethodRow<SnakeCase<Name>, HostApi[Name]> };
