// error: Argument of type '"spam_checkr"' is not assignable to parameter of type 'keyof CallbackCategories'
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('spam_checkr', 'user_may_invite')
  async check(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}
void Callback;
