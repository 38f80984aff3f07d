import {
  Callback,
  Codes,
  Duration,
  type EventId,
  Logger,
  type MatrixEvent,
  Module,
  ModuleApi,
  NOT_SPAM,
  type SpamVerdict,
  tuple,
  type UserId,
  WebResource,
} from 'vesicle';
import { ArrayNotEmpty, IsString } from 'class-validator';

export class WordFilterConfig {
  /** Messages with one of these words are refused; upper and lower case are the same. */
  @ArrayNotEmpty()
  @IsString({ each: true })
  bannedWords!: string[];

  /** For how long a user who wrote a banned word cannot write at all. */
  @Duration()
  muteFor: number = Duration.parse('10s');
}

interface Offence {
  readonly event: EventId;
  readonly word: string;
  /** Milliseconds since 1970. */
  readonly mutedUntil: number;
}

/** Refuses messages with banned words, and mutes who writes them for a while. */
@Module({ config: WordFilterConfig })
export class WordFilter {
  private readonly offences = new Map<UserId, Offence>();

  constructor(
    private readonly config: WordFilterConfig,
    private readonly api: ModuleApi,
    private readonly log: Logger,
  ) {}

  @Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.message' } })
  async checkEvent(event: MatrixEvent): Promise<SpamVerdict> {
    const now = await this.api.getCurrentTimeMsec();
    const earlier = this.offences.get(event.sender);
    if (earlier !== undefined && now < earlier.mutedUntil) {
      return tuple(Codes.LIMIT_EXCEEDED, { retry_after_ms: earlier.mutedUntil - now });
    }
    const word = this.findBannedWord(event.content['body']);
    if (word === undefined) return NOT_SPAM;
    this.offences.set(event.sender, { event: event.eventId, word, mutedUntil: now + this.config.muteFor });
    this.log.info('muted a user', { user: event.sender, word });
    return Codes.FORBIDDEN;
  }

  /** The banned words, for anybody; a client can warn before it sends. */
  @WebResource('/_synapse/client/word_filter/words', { method: 'GET' })
  async words(_request: Request): Promise<Response> {
    return Response.json({ banned_words: this.config.bannedWords });
  }

  /** Who is muted and for how long, for server admins only. */
  @WebResource('/_synapse/client/word_filter/muted', { method: 'GET' })
  async muted(request: Request): Promise<Response> {
    const requester = await this.api.getUserByReq(request);
    if (!(await this.api.isUserAdmin(requester.userId))) {
      return Response.json({ errcode: 'M_FORBIDDEN', error: 'You are not a server admin' }, { status: 403 });
    }
    const now = await this.api.getCurrentTimeMsec();
    const muted = [...this.offences].filter(([, offence]) => now < offence.mutedUntil);
    return Response.json({ muted: Object.fromEntries(muted) });
  }

  private findBannedWord(body: unknown): string | undefined {
    if (typeof body !== 'string') return undefined;
    const text = body.toLowerCase();
    return this.config.bannedWords.find((word) => text.includes(word.toLowerCase()));
  }
}
