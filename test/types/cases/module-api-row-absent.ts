// error: Property 'getUserinfoById' is missing
import { apiMethods, type MethodName } from '../../../src/module-api/api-methods.js';
import type { MethodRow, SnakeCase } from '../../../src/module-api/method-row.js';
import type { HostApi } from '../../../src/module-api/module-api.js';

const { getUserinfoById: _absent, ...others } = apiMethods;
export const rows: { readonly [Name in MethodName]: MethodRow<SnakeCase<Name>, HostApi[Name]> } = others;
