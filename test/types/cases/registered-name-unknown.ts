// error: 'check_event' does not exist in type
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId, ModuleApi } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  constructor(api: ModuleApi) {
    api.registerSpamCheckerCallbacks({ check_event: async () => NOT_SPAM });
  }
}
void Callback;
