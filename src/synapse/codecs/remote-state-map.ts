import type { MatrixEvent, StateMap } from '../../matrix/event.js';
import type { Connection } from '../transport/connection.js';
import type { IncomingCall } from '../transport/incoming-call.js';
import { refuseInside } from '../../module-api/shared/inside-transaction.js';
import { RemoteEvent } from './remote-event.js';
import { allEvents } from './remote-events.js';
import type { Handle } from '../protocol/wire-values.js';

type Key = readonly [type: string, stateKey: string];

/** A state map that stays in Synapse: events are asked for when somebody looks, while the call lasts that brought it. */
export class RemoteStateMap implements StateMap {
  private readonly known = new Map<string, Promise<MatrixEvent | undefined>>();

  constructor(
    private readonly state: Handle,
    private readonly connection: Connection,
    private readonly call: IncomingCall,
  ) {}

  readonly get = (type: string, stateKey: string): Promise<MatrixEvent | undefined> => {
    const key = `${type}\u0000${stateKey}`;
    let event = this.known.get(key);
    if (event === undefined) {
      event = this.ask(type, stateKey);
      this.known.set(key, event);
    }
    return event;
  };

  readonly keys = async (): Promise<readonly Key[]> => {
    this.use();
    return await this.connection.request('state.keys', { state: this.state });
  };

  readonly all = async (): Promise<readonly MatrixEvent[]> => {
    this.use();
    return await allEvents(await this.connection.request('state.all', { state: this.state }), this.connection);
  };

  private async ask(type: string, stateKey: string): Promise<MatrixEvent | undefined> {
    this.use();
    const event = await this.connection.request('state.get', { state: this.state, type, state_key: stateKey });
    return event === null ? undefined : new RemoteEvent(event);
  }

  private use(): void {
    refuseInside('The state of a room');
    this.call.use('The state of a room');
  }
}

/** A state map whose events are all here. */
export class HeldStateMap implements StateMap {
  private readonly events = new Map<string, MatrixEvent>();

  constructor(private readonly list: readonly MatrixEvent[]) {
    for (const event of list) this.events.set(`${event.type}\u0000${event.stateKey ?? ''}`, event);
  }

  readonly get = async (type: string, stateKey: string): Promise<MatrixEvent | undefined> =>
    this.events.get(`${type}\u0000${stateKey}`);

  readonly keys = async (): Promise<readonly Key[]> => this.list.map((event) => [event.type, event.stateKey ?? '']);

  readonly all = async (): Promise<readonly MatrixEvent[]> => this.list;
}
