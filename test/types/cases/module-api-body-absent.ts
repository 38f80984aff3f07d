// error: Property 'sleep' is missing in type 'Bodies'
import { EmbeddedModuleApi } from '../../../src/homeserver/module-api/embedded-module-api.js';
import { HostBase, type HostApi } from '../../../src/module-api/module-api.js';

type Bodies = Omit<EmbeddedModuleApi, 'sleep'>;
const Others = HostBase as unknown as abstract new () => Bodies;
export class Host extends Others implements HostApi {}
