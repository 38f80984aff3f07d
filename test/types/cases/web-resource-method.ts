// error: Type '"get"' is not assignable to type 'HttpMethod | undefined'
import { Callback, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict, type UserId, WebResource } from 'vesicle';

export type Used = [typeof NOT_SPAM, MatrixEvent, SpamVerdict, UserId];

@Module()
export class Guard {
  @WebResource('/_synapse/client/x', { method: 'get' })
  async handle(): Promise<Response> {
    return new Response();
  }
}
void Callback;
