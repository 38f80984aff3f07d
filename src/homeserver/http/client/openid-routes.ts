import { AuthError } from '../../parity/synapse-errors.js';
import { randomLetters } from '../../runtime/random-letters.js';
import { clientPaths, JsonAnswer, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { TokenStore } from '../../store/token-store.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly tokens: TokenStore;
}

const lifetime = 3_600_000;

/** Tokens by which other services learn who a user is (`rest/client/openid.py`). */
export function openIdRoutes(users: UserParts): Route[] {
  const { context, tokens } = users;
  return [
    {
      method: 'POST',
      paths: clientPaths('/user/:userId/openid/request_token'),
      handle: async (call) => {
        const { userId } = await call.requester();
        if (call.params['userId'] !== userId) throw new AuthError(403, 'Cannot request tokens for other users.');
        await call.json();
        const token = randomLetters(24);
        tokens.addOpenIdToken(token, userId, context.clock.now() + lifetime);
        return {
          access_token: token,
          token_type: 'Bearer',
          matrix_server_name: context.serverName,
          expires_in: lifetime / 1000,
        };
      },
    },
    {
      method: 'GET',
      paths: ['/_matrix/federation/v1/openid/userinfo'],
      handle: async (call) => {
        const token = call.query.get('access_token');
        if (token === null) return refusal('M_MISSING_TOKEN', 'Access Token required');
        const userId = tokens.findOpenIdUser(token, context.clock.now());
        return userId === undefined ? refusal('M_UNKNOWN_TOKEN', 'Access Token unknown or expired') : { sub: userId };
      },
    },
  ];
}

function refusal(errcode: string, error: string): JsonAnswer {
  return new JsonAnswer(401, { errcode, error });
}
