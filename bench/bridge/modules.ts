import {
  Callback,
  type MatrixEvent,
  type MediaFile,
  Module,
  ModuleApi,
  NOT_SPAM,
  parseUserId,
  type SpamVerdict,
} from 'vesicle';

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

/** Asks Synapse as often as an event says, and reads files. */
@Module()
export class Asking {
  constructor(private readonly api: ModuleApi) {}

  @Callback('spam_checker', 'check_event_for_spam')
  async checkEvent(event: MatrixEvent): Promise<SpamVerdict> {
    const { rounds = 0, at_once: atOnce = 1 } = event.content as {
      readonly rounds?: number;
      readonly at_once?: number;
    };
    const asked = parseUserId(`@asked:${this.api.serverName}`);
    for (let round = 0; round < rounds; round++) {
      await Promise.all(Array.from({ length: atOnce }, () => this.api.getUserinfoById(asked)));
    }
    return NOT_SPAM;
  }

  @Callback('spam_checker', 'check_media_file_for_spam')
  async checkFile(file: MediaFile): Promise<SpamVerdict> {
    let size = 0;
    for await (const chunk of file.stream()) size += chunk.length;
    if (size === 0) throw new Error('The file is empty');
    return NOT_SPAM;
  }
}
