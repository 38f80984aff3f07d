// error: No overload matches this call
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId, WebResource } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @WebResource('/_synapse/client/x')
  async handle(_request: Request): Promise<string> {
    return 'text';
  }
}
void Callback;
