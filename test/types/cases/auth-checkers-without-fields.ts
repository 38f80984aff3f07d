// error: Property 'fields' is missing
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('password_auth_provider', 'auth_checkers', { loginType: 'org.example' })
  async check(): Promise<null> {
    return null;
  }
}
void Callback;
