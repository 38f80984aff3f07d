import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, parseUserId } from '../../../matrix/ids.js';
import { isJsonObject } from '../../../matrix/json.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';
import type { ServerNotices } from '../../rooms/lifecycle/server-notices.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { adminEndpoints } from './admin-request.js';
import { requireParams } from '../server/fields.js';
import { RequestTransactions } from '../client/request-transactions.js';
import { pathParam } from '../client/room-request.js';
import type { Answer, Call, Route } from '../server/route.js';

const path = '/v1/send_server_notice';

/** What the server says to users, by administrators (`rest/admin/server_notice_servlet.py`). */
export function serverNoticeRoutes(notices: ServerNotices, users: RoomUsers, serverName: string): Route[] {
  const route = adminEndpoints(users);
  const transactions = new RequestTransactions();
  const send = async (call: Call, txnId?: string): Promise<Answer> => {
    const body = await call.json();
    requireParams(body, ['user_id', 'content']);
    if (!notices.isEnabled) throw new SynapseError(400, 'Server notices are not enabled on this server');
    const userId = parseUserId(body['user_id']);
    if (domainOf(userId) !== serverName) {
      throw new SynapseError(400, 'Server notices can only be sent to local users');
    }
    if (!users.exists(userId)) throw new NotFoundError('User not found');
    const { content, type, state_key: stateKey } = body;
    const event = await notices.send(userId, {
      type: typeof type === 'string' ? type : 'm.room.message',
      content: isJsonObject(content) ? content : {},
      ...(typeof stateKey === 'string' && { stateKey }),
      ...(txnId !== undefined && { txnId }),
    });
    return { event_id: event.eventId };
  };
  return [
    route('POST', path, (call) => send(call)),
    route('PUT', `${path}/:txnId`, (call, admin) =>
      transactions.once(call, admin, () => send(call, pathParam(call, 'txnId'))),
    ),
  ];
}
