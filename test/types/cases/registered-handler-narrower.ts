// error: is not assignable to type
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId, ModuleApi } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  constructor(api: ModuleApi) {
    api.registerSpamCheckerCallbacks({
      check_event_for_spam: async (event: MatrixEvent & { readonly score: number }) =>
        event.score > 3 ? 'spam' : NOT_SPAM,
    });
  }
}
void Callback;
