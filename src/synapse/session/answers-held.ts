import type { BackgroundUpdateSlot } from '../../callbacks/background-update-controller.js';
import type { LoginCallback } from '../../callbacks/password-auth-provider.js';
import { HostError } from '../../errors/host-error.js';
import { VesicleError } from '../../errors/vesicle-error.js';
import type { JsonObject } from '../../matrix/json.js';
import type { GivenHandles } from '../codecs/result-codecs.js';
import type { Handle } from '../protocol/wire-values.js';
import { anyValue } from '../protocol/wire-codec.js';
import { HandleTable } from '../transport/handle-table.js';

/** Parts of answers that stay here, as Synapse uses them by their handles: functions and contexts of background updates. */
export class AnswersHeld implements GivenHandles {
  private readonly functions = new HandleTable<LoginCallback>();
  private readonly slots = new HandleTable<BackgroundUpdateSlot>();

  readonly ofFunction = (callback: LoginCallback): Handle => this.functions.add(callback);

  readonly ofSlot = (slot: BackgroundUpdateSlot): Handle => this.slots.add(slot);

  /** Runs what an auth checker answered with. */
  async callFunction(handle: Handle, given: JsonObject): Promise<{ readonly response: JsonObject }> {
    const run = this.functions.get(handle);
    if (run === undefined) throw new VesicleError('SYNAPSE_HANDLE_ENDED', { what: 'A function' });
    const response = { ...given };
    await run(response);
    return { response };
  }

  /** Enters the context of a background update; the target duration in milliseconds. */
  async enterSlot(handle: Handle): Promise<number> {
    return anyValue(await this.slot(handle).enter());
  }

  /** Leaves the context of a background update, after an error of Synapse if there was one. */
  async leaveSlot(handle: Handle, error: string | undefined): Promise<null> {
    const slot = this.slot(handle);
    this.slots.release(handle);
    await (error === undefined ? slot.exit() : slot.exit(new HostError('Exception', error)));
    return null;
  }

  /** Forgets what Synapse needs no more. */
  release(handles: readonly Handle[]): void {
    for (const handle of handles) {
      this.functions.release(handle);
      this.slots.release(handle);
    }
  }

  private slot(handle: Handle): BackgroundUpdateSlot {
    const slot = this.slots.get(handle);
    if (slot === undefined) throw new VesicleError('SYNAPSE_HANDLE_ENDED', { what: 'A slot' });
    return slot;
  }
}
