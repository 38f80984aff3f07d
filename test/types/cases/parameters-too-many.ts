// error: is not assignable to parameter of type 'TypedPropertyDescriptor<
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('spam_checker', 'check_event_for_spam')
  async check(_event: MatrixEvent, _more: string): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}
void Callback;
