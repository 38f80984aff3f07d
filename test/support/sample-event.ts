import type { MatrixEvent } from '../../src/matrix/event.js';
import type { EventId, RoomId, UserId } from '../../src/matrix/ids.js';

/** An event with the members that a test does not care about filled in. */
export function sampleEvent(members: Partial<MatrixEvent> = {}): MatrixEvent {
  return {
    eventId: '$event' as EventId,
    roomId: '!room:here' as RoomId,
    type: 'm.room.message',
    sender: '@alice:here' as UserId,
    content: { body: 'hello', msgtype: 'm.text' },
    originServerTs: 0,
    depth: 1,
    unsigned: {},
    roomVersion: '11',
    isState: () => members.stateKey !== undefined,
    getDict: () => ({}),
    ...members,
  };
}
