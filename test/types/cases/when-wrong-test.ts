// error: 'startsWith' does not exist in type
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('spam_checker', 'check_event_for_spam', { when: { type: { startsWith: 'm.' } } })
  async check(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}
void Callback;
