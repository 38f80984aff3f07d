// error: Property '"web.gone"' is missing
import type { NoticeHandlers, RequestHandlers } from '../../../src/synapse/protocol/received-messages.js';

declare const requests: RequestHandlers<null>;
const { 'db.run': _run, ...others } = requests;
// @ts-expect-error -- a request to the modules without a handler
export const someRequests: RequestHandlers<null> = others;
// @ts-expect-error -- an answer of another type
export const otherAnswer: RequestHandlers<null> = { ...requests, 'slot.enter': () => 'soon' };
// @ts-expect-error -- parameters of another message
export const otherParams: RequestHandlers<null> = { ...requests, 'slot.enter': ({ transaction }) => transaction };
export const someNotices: NoticeHandlers = { release: () => undefined, 'cache.invalidate': () => undefined };
