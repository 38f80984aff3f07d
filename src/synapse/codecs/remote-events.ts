import type { Connection } from '../transport/connection.js';
import { RemoteEvent } from './remote-event.js';
import { list, shape } from '../protocol/untrusted-values.js';
import type { WireEvent, WireEvents } from '../protocol/wire-values.js';

/** All events of which the first came with an answer; Synapse makes the next ones when it is asked for them. */
export async function allEvents(answer: unknown, connection: Connection): Promise<readonly RemoteEvent[]> {
  const events: RemoteEvent[] = [];
  let piece = shape<WireEvents>(answer);
  const { rest } = piece;
  try {
    for (;;) {
      for (const event of list(piece.events)) events.push(new RemoteEvent(shape<WireEvent>(event)));
      if (rest === undefined || piece.rest === undefined) return events;
      piece = await connection.request('events.more', { rest });
    }
  } catch (error) {
    if (rest !== undefined) connection.notify('release', { handles: [rest] });
    throw error;
  }
}
