// error: none
import {
  type AuthAnswer,
  ByteSize,
  Cached,
  Callback,
  type CallbackOptions,
  Codes,
  Duration,
  inject,
  injectable,
  type JsonObject,
  Logger,
  type MatrixEvent,
  Module,
  ModuleApi,
  NOT_SPAM,
  optional,
  postConstruct,
  preDestroy,
  type RoomId,
  type SpamVerdict,
  type StateMap,
  tuple,
  type UserId,
  WebResource,
  type When,
} from 'vesicle';

class GuardConfig {
  words: string[] = [];
  @Duration() pause = Duration.parse('5d');
  @ByteSize() limit = ByteSize.parse('10M');
  @Duration() readonly steps: readonly number[] = [];
  @Duration() optional?: number;
  @Duration() required!: number;
  @ByteSize() unlimited: number | null = null;
}

const when: When = {
  type: ['m.room.message', 'm.sticker'],
  sender: { not: { local: true } },
  'content.msgtype': { prefix: 'm.' },
  not: [{ room_id: { glob: '*:example.org' } }],
};
const options: CallbackOptions = {
  when,
  timeout: 500,
  onFailure: { local: 'error', federated: 'allow' },
  mode: 'audit',
};

@injectable()
class Words {
  constructor(@optional() @inject('dictionary') readonly dictionary?: string[]) {}
}

@Module({
  config: GuardConfig,
  name: 'guard',
  services: [Words, { provide: 'dictionary', useValue: [] }],
  timeout: 1000,
})
export class Guard {
  @WebResource('/_synapse/client/guard/app') readonly app = { fetch: async () => new Response() };

  constructor(
    private readonly config: GuardConfig,
    readonly api: ModuleApi,
    readonly log: Logger,
    readonly words: Words,
  ) {
    api.registerSpamCheckerCallbacks({ user_may_create_room: async () => Codes.FORBIDDEN });
    api.registerPasswordAuthProviderCallbacks({
      auth_checkers: [{ loginType: 'org.example', fields: ['key'], check: async () => null }],
    });
  }

  @Callback('spam_checker', 'check_event_for_spam', options)
  async check(event: MatrixEvent): Promise<SpamVerdict | string> {
    return this.config.words.includes(event.type) ? tuple(Codes.FORBIDDEN, { reason: 'word' }) : NOT_SPAM;
  }

  @Callback('spam_checker', 'user_may_join_room')
  @Callback('spam_checker', 'user_may_invite')
  protected async fewerParameters(_userId: UserId): Promise<typeof NOT_SPAM> {
    return NOT_SPAM;
  }

  @Callback('spam_checker', 'user_may_create_room_alias')
  async widerParameters(_userId: string, _alias: unknown): Promise<SpamVerdict> {
    return NOT_SPAM;
  }

  @Callback('third_party_rules', 'check_event_allowed')
  async allowed(event: MatrixEvent, state: StateMap): Promise<readonly [boolean, JsonObject | null]> {
    return [(await state.get('m.room.name', '')) === undefined, { ...event.getDict() } as JsonObject];
  }

  @Callback('password_auth_provider', 'auth_checkers', { loginType: 'org.example', fields: ['key'], timeout: 10 })
  async checkKey(_username: string, _type: string, login: JsonObject): Promise<AuthAnswer> {
    return login['key'] === 'x' ? tuple('@a:b' as UserId, null) : null;
  }

  @WebResource('/_synapse/client/guard/words', { method: 'GET' })
  async list(): Promise<Response> {
    return Response.json([]);
  }

  @WebResource('/_synapse/client/guard/words', { method: 'POST' })
  add(request: Request): Response {
    return new Response(request.body);
  }

  @WebResource('/_synapse/client/guard/accessor')
  get accessor(): { fetch: (request: Request) => Response } {
    return { fetch: () => new Response() };
  }

  @Cached({ maxEntries: 5 })
  async scoreOf(
    userId: UserId,
    words: readonly string[] = [],
    limit?: number,
    ...more: (boolean | null)[]
  ): Promise<number> {
    await this.api.invalidateCache(this.scoreOf, [userId, [], 5]);
    return userId.length + words.length + (limit ?? 0) + more.length;
  }

  @postConstruct()
  async open(): Promise<void> {}

  @preDestroy()
  close(): void {}

  joinsOf(room: RoomId): Promise<unknown> {
    return this.api.getRoomState(room);
  }
}
