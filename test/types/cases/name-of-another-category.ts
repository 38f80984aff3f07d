// error: Argument of type '"on_new_event"' is not assignable to parameter of type
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('spam_checker', 'on_new_event')
  async check(): Promise<void> {}
}
void Callback;
