import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { UserStore } from '../store/user-store.js';
import { NotFoundError } from '../parity/synapse-errors.js';
import type { CredentialChecker } from './credential-checker.js';
import type { Devices } from './devices.js';
import { hashPassword } from './password-hash.js';

/** Makes and sets password hashes (`handlers/set_password.py`). */
export class Passwords {
  constructor(
    private readonly context: HomeserverContext,
    private readonly users: UserStore,
    private readonly credentials: CredentialChecker,
    private readonly devices: Devices,
  ) {}

  /** The hash that is stored for a password. */
  hash(password: string): Promise<string> {
    const { passwordConfig, bcryptRounds } = this.context.config;
    return hashPassword(password + passwordConfig.pepper, bcryptRounds);
  }

  /** Sets a password and, if wanted, logs out everywhere but where the requester is. */
  async set(
    userId: UserId,
    hash: string,
    options: { readonly logoutDevices: boolean; readonly requester: Requester | undefined },
  ): Promise<void> {
    if (!this.credentials.mayChangePassword()) {
      throw new SynapseError(403, 'Password change disabled', Codes.FORBIDDEN);
    }
    if (this.users.find(userId) === undefined) throw new NotFoundError('Unknown user');
    this.users.setPasswordHash(userId, hash);
    if (!options.logoutDevices) return;
    await this.devices.deleteAll(userId, { except: options.requester?.deviceId });
    await this.devices.deleteTokens(userId, { except: options.requester?.accessTokenId });
  }
}
