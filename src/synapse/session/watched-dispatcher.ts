import type { CallbackRegistration } from '../../dispatch/registration.js';
import { Dispatcher, type DispatcherOptions, type Registered } from '../../dispatch/dispatcher.js';

/** Tells when callbacks are registered: Synapse must learn of late ones. */
export class WatchedDispatcher extends Dispatcher {
  constructor(
    options: DispatcherOptions,
    private readonly onRegistered: (registration: CallbackRegistration) => void,
  ) {
    super(options);
  }

  override register(registration: CallbackRegistration): Registered {
    const registered = super.register(registration);
    this.onRegistered(registration);
    return registered;
  }
}
