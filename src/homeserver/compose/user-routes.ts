import type { UserServices } from './user-services.js';
import { accountDataRoutes } from '../http/client/account-data-routes.js';
import { accountRoutes } from '../http/client/account-routes.js';
import { accountValidityRoutes } from '../http/client/account-validity-routes.js';
import { adminDeviceRoutes } from '../http/admin/admin-device-routes.js';
import { adminRegisterRoutes } from '../http/admin/admin-register-routes.js';
import { adminUserRoutes } from '../http/admin/admin-user-routes.js';
import { deviceRoutes } from '../http/client/device-routes.js';
import { filterRoutes } from '../http/client/filter-routes.js';
import { loginRoutes } from '../http/client/login-routes.js';
import { openIdRoutes } from '../http/client/openid-routes.js';
import { profileRoutes } from '../http/client/profile-routes.js';
import { pushRoutes } from '../http/client/push-routes.js';
import { pushRuleRoutes } from '../http/client/push-rule-routes.js';
import { registerRoutes } from '../http/client/register-routes.js';
import { registrationTokenRoutes } from '../http/admin/registration-token-routes.js';
import { requestTokenRoutes } from '../http/client/request-token-routes.js';
import type { Route } from '../http/server/route.js';
import { threepidRoutes } from '../http/client/threepid-routes.js';
import { userDirectoryRoutes } from '../http/client/user-directory-routes.js';

/** All endpoints of accounts. */
export function userRoutes(users: UserServices): Route[] {
  return [
    ...registerRoutes(users),
    ...loginRoutes(users),
    ...accountRoutes(users),
    ...deviceRoutes(users),
    ...threepidRoutes(users),
    ...requestTokenRoutes(users),
    ...profileRoutes(users),
    ...userDirectoryRoutes(users),
    ...accountDataRoutes(users),
    ...pushRuleRoutes(users),
    ...pushRoutes(users),
    ...filterRoutes(users),
    ...openIdRoutes(users),
    ...accountValidityRoutes(users),
    ...adminUserRoutes(users),
    ...adminDeviceRoutes(users),
    ...adminRegisterRoutes(users),
    ...registrationTokenRoutes(users),
  ];
}
