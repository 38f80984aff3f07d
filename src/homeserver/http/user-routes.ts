import { type UserServices } from '../users/user-services.js';
import { accountRoutes } from './account-routes.js';
import { loginRoutes } from './login-routes.js';
import { profileRoutes } from './profile-routes.js';
import { registerRoutes } from './register-routes.js';
import { type Route } from './route.js';

/** All endpoints of accounts. */
export function userRoutes(users: UserServices): Route[] {
  return [...registerRoutes(users), ...loginRoutes(users), ...accountRoutes(users), ...profileRoutes(users)];
}
