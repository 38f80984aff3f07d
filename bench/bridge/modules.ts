import { Callback, Module, NOT_SPAM, type MatrixEvent, type SpamVerdict } from 'vesicle';

/** Has nothing against any event. */
@Module()
export class Quiet {
  @Callback('spam_checker', 'check_event_for_spam')
  async checkEvent(_event: MatrixEvent): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}

/** Is not asked about messages. */
@Module()
export class Filtered {
  @Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.topic' } })
  async checkEvent(_event: MatrixEvent): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}

/** Allows every event, without a look at the state of the room. */
@Module()
export class Allowing {
  @Callback('third_party_rules', 'check_event_allowed')
  async checkEvent(_event: MatrixEvent): Promise<readonly [boolean, null]> {
    return [true, null];
  }
}
