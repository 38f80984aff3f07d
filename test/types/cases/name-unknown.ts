// error: Argument of type '"check_event"' is not assignable to parameter of type
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('spam_checker', 'check_event')
  async check(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}
void Callback;
