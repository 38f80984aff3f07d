// error: Expected 3 arguments, but got 2.
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('password_auth_provider', 'auth_checkers')
  async check(): Promise<null> {
    return null;
  }
}
void Callback;
