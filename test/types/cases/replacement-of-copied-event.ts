// error: Types of property 'eventId' are incompatible
import { Callback, Module, type EventAllowed, type MatrixEvent } from '../../../src/index.js';

@Module()
export class Copies {
  @Callback('third_party_rules', 'check_event_allowed')
  async check(event: MatrixEvent): Promise<EventAllowed> {
    return [true, { ...event, content: {} }];
  }
}
