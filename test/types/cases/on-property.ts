// error: Unable to resolve signature of property decorator when called as an expression.
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('spam_checker', 'check_event_for_spam')
  readonly check = async (): Promise<SpamVerdict> => NOT_SPAM;
}
void Callback;
