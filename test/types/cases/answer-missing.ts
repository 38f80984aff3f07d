// error: is not assignable to parameter of type 'TypedPropertyDescriptor<
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @Callback('third_party_rules', 'check_can_deactivate_user')
  async check(): Promise<void> {}
}
void Callback;
