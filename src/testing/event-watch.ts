import { setTimeout as realTime } from 'node:timers/promises';
import type { RoomId } from '../matrix/ids.js';
import type { ClientEvent, SyncAnswer } from './sync-answer.js';

/** How long an event is waited for that does not come, in milliseconds of real time. */
const patienceMs = 2000;

/** Asks for news after a position, and waits until there are some. */
type AskForNews = (since: string | undefined, signal: AbortSignal) => Promise<SyncAnswer>;

/** Waits for events, and loses none that came with those that were waited for. */
export class EventWatch {
  private position: string | undefined;
  private readonly unseen = new Map<RoomId, ClientEvent[]>();

  constructor(private readonly ask: AskForNews) {}

  /** The first event of a room that fits, behind the one found before. */
  async waitFor(roomId: RoomId, isWanted: (event: ClientEvent) => boolean): Promise<ClientEvent> {
    const end = new AbortController();
    try {
      return await Promise.race([this.search(roomId, isWanted, end.signal), this.giveUp(roomId, end.signal)]);
    } finally {
      end.abort();
    }
  }

  private async search(
    roomId: RoomId,
    isWanted: (event: ClientEvent) => boolean,
    signal: AbortSignal,
  ): Promise<ClientEvent> {
    for (;;) {
      const events = this.unseen.get(roomId) ?? [];
      const index = events.findIndex(isWanted);
      const found = events[index];
      if (found !== undefined) {
        events.splice(0, index + 1);
        return found;
      }
      await this.fetchNews(signal);
    }
  }

  private async fetchNews(signal: AbortSignal): Promise<void> {
    const news = await this.ask(this.position, signal);
    signal.throwIfAborted();
    this.position = news.nextBatch;
    for (const roomId of [...news.joined, ...news.left]) {
      this.unseen.set(roomId, [...(this.unseen.get(roomId) ?? []), ...news.timeline(roomId)]);
    }
  }

  private async giveUp(roomId: RoomId, signal: AbortSignal): Promise<never> {
    await realTime(patienceMs, undefined, { signal });
    const came = this.unseen.get(roomId)?.map(({ type, sender }) => `${type} of ${sender}`) ?? [];
    throw new Error(
      `The event that was waited for did not come to ${roomId}. What came: ${came.join(', ') || 'nothing'}.`,
    );
  }
}
