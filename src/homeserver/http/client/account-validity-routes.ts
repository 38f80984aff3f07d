import { respondWithHtml } from '../../../web/html-response.js';
import type { Renewal, AccountValidity } from '../../users/account-validity.js';
import { requiredQueryString } from '../server/query.js';
import { clientPaths, type Route } from '../server/route.js';

interface UserParts {
  readonly validity: AccountValidity;
}

/** The old endpoints of accounts that expire (`rest/client/account_validity.py`). */
export function accountValidityRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/account_validity/renew'),
      handle: async (call) => {
        const renewal = await users.validity.renew(requiredQueryString(call.query, 'token'));
        const isFound = renewal.isValid || renewal.isStale;
        return respondWithHtml(isFound ? 200 : 404, page(renewal));
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/account_validity/send_mail'),
      handle: async (call) => {
        const { userId } = await call.requester({ allowExpired: true });
        await users.validity.sendRenewalMail(userId);
        return {};
      },
    },
  ];
}

function page({ isValid, isStale, expirationTs }: Renewal): string {
  const until = dateOf(expirationTs);
  const invalid = isStale ? `Your account is valid until ${until}.` : 'Invalid renewal token.';
  const text = isValid ? `Your account has been successfully renewed and is valid until ${until}.` : invalid;
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"><title>${text}</title></head>
<body><p>${text}</p></body>
</html>
`;
}

/** Day, month, year. */
function dateOf(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return '';
  return date.toISOString().slice(0, 10).split('-').reverse().join('-');
}
