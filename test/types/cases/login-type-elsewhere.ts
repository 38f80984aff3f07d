// error: 'loginType' does not exist in type 'CallbackDecoratorOptions'
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('spam_checker', 'user_may_invite', { loginType: 'org.example' })
  async check(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}
void Callback;
