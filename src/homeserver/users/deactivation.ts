import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { PusherStore } from '../store/pusher-store.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import type { UserStore } from '../store/user-store.js';
import type { AccountData } from './account-data.js';
import type { AccountValidity } from './account-validity.js';
import type { Devices } from './devices.js';
import type { Profiles } from './profiles.js';
import type { Threepids } from './threepids.js';

/** How an account is deactivated. */
export interface DeactivationOptions {
  /** The profile goes, too. */
  readonly erase: boolean;
  readonly byAdmin: boolean;
  readonly idServer?: string | null;
}

/** What a deactivation leads to elsewhere. */
export interface DeactivationHooks {
  /** What the user wanted to be sent later is not sent. */
  readonly cancelDelayedEvents: (userId: UserId) => void;
  /** Rejects the user's invites and takes back their knocks. */
  readonly rejectInvites: (userId: UserId) => Promise<void>;
  /** Leaves all rooms of the user, and forgets them; what fails is passed over. */
  readonly leaveAllRooms: (userId: UserId) => Promise<void>;
}

interface Parts {
  readonly users: UserStore;
  readonly devices: Devices;
  readonly threepids: Threepids;
  readonly threepidStore: ThreepidStore;
  readonly pushers: PusherStore;
  readonly profiles: Profiles;
  readonly accountData: AccountData;
  readonly validity: AccountValidity;
}

/** Closes accounts and opens them again (`handlers/deactivate_account.py`). */
export class Deactivation {
  private isLeaving = false;

  constructor(
    private readonly context: HomeserverContext,
    private readonly parts: Parts,
    private readonly hooks: DeactivationHooks,
  ) {}

  /** Closes an account; whether all identity servers that know its addresses have forgotten them. */
  async deactivate(userId: UserId, { erase, byAdmin, idServer = null }: DeactivationOptions): Promise<boolean> {
    const { dispatch } = this.context;
    const { users, devices, pushers, profiles, accountData, validity } = this.parts;
    if (!(await dispatch.ask('third_party_rules', 'check_can_deactivate_user', userId, byAdmin))) {
      throw new SynapseError(403, 'Deactivation of this user is forbidden', Codes.FORBIDDEN);
    }
    this.hooks.cancelDelayedEvents(userId);
    const isUnbound = await this.removeThreepids(userId, idServer);
    await devices.deleteAll(userId);
    await devices.deleteTokens(userId);
    users.setPasswordHash(userId, null);
    pushers.deleteOfUser(userId);
    if (erase) {
      await profiles.deleteUponDeactivation(userId, byAdmin);
      users.setErased(userId, true);
    }
    await this.hooks.rejectInvites(userId);
    validity.forget(userId);
    users.setFlag(userId, 'deactivated', true);
    accountData.purge(userId);
    users.addPendingDeactivation(userId);
    this.leaveRooms();
    await dispatch.ask('third_party_rules', 'on_user_deactivation_status_changed', userId, true, byAdmin);
    return isUnbound;
  }

  /** Leaves the rooms of closed accounts, in the background: also of those that a start before this one did not get to. */
  leaveRooms(): void {
    const [userId] = this.parts.users.pendingDeactivations();
    if (userId === undefined || this.isLeaving) return;
    this.isLeaving = true;
    this.context.inBackground('user_parter_loop', async () => {
      try {
        await this.hooks.leaveAllRooms(userId);
        this.parts.users.removePendingDeactivation(userId);
      } finally {
        this.isLeaving = false;
      }
      this.leaveRooms();
    });
  }

  /** Opens a closed account again. */
  async activate(userId: UserId): Promise<void> {
    const { users } = this.parts;
    users.setErased(userId, false);
    users.createProfile(userId);
    users.setFlag(userId, 'deactivated', false);
    await this.context.dispatch.ask('third_party_rules', 'on_user_deactivation_status_changed', userId, false, true);
  }

  private async removeThreepids(userId: UserId, idServer: string | null): Promise<boolean> {
    const { threepids, threepidStore } = this.parts;
    let isUnbound = true;
    for (const { medium, address } of threepidStore.boundOf(userId)) {
      try {
        isUnbound = (await threepids.unbind(userId, medium, address, idServer)) && isUnbound;
      } catch (error) {
        throw new SynapseError(400, 'Failed to remove threepid from ID server', undefined, {}, {}, { cause: error });
      }
    }
    for (const { medium, address } of threepidStore.ofUser(userId)) await threepids.delete(userId, medium, address);
    return isUnbound;
  }
}
