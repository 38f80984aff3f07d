import type { UserServices } from '../users/user-services.js';
import { accountDataRoutes } from './account-data-routes.js';
import { accountRoutes } from './account-routes.js';
import { accountValidityRoutes } from './account-validity-routes.js';
import { adminDeviceRoutes } from './admin-device-routes.js';
import { adminRegisterRoutes } from './admin-register-routes.js';
import { adminUserRoutes } from './admin-user-routes.js';
import { deviceRoutes } from './device-routes.js';
import { filterRoutes } from './filter-routes.js';
import { loginRoutes } from './login-routes.js';
import { openIdRoutes } from './openid-routes.js';
import { profileRoutes } from './profile-routes.js';
import { pushRoutes } from './push-routes.js';
import { pushRuleRoutes } from './push-rule-routes.js';
import { registerRoutes } from './register-routes.js';
import { registrationTokenRoutes } from './registration-token-routes.js';
import { requestTokenRoutes } from './request-token-routes.js';
import type { Route } from './route.js';
import { threepidRoutes } from './threepid-routes.js';
import { userDirectoryRoutes } from './user-directory-routes.js';

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
