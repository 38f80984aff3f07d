import {
  Callback,
  Codes,
  type EventAllowed,
  type MatrixEvent,
  Module,
  type MutableJsonObject,
  NOT_SPAM,
  type Requester,
  type RoomAlias,
  type SpamVerdict,
  type StateMap,
  SynapseError,
  type UserId,
} from 'vesicle';
import { IsBoolean, IsString, Matches } from 'class-validator';

export class RoomRulesConfig {
  /** Who may create public rooms besides server admins: user IDs. */
  @Matches(/^@[^:]+:.+$/, { each: true, message: '$property must hold user IDs such as @alice:example.org' })
  publicRoomCreators: string[] = [];

  /** The topic of rooms that are created without one. */
  @IsString()
  defaultTopic = '';

  /** Card numbers in messages are replaced by this text. */
  @IsString()
  cardNumberMask = '[card number removed]';

  /** Whether a room's name can be changed after it was set. */
  @IsBoolean()
  namesArePermanent = false;
}

const cardNumber = /\b(?:\d[ -]?){13,16}\b/g;

/** Says who may create which rooms, and rewrites what should not be written. */
@Module({ config: RoomRulesConfig })
export class RoomRules {
  constructor(private readonly config: RoomRulesConfig) {}

  /** Public rooms only for those on the list; a topic for everybody. */
  @Callback('third_party_rules', 'on_create_room')
  async onCreateRoom(requester: Requester, room: MutableJsonObject, isRequesterAdmin: boolean): Promise<void> {
    const isPublic = room['visibility'] === 'public' || room['preset'] === 'public_chat';
    const mayBePublic = isRequesterAdmin || this.config.publicRoomCreators.includes(requester.userId);
    if (isPublic && !mayBePublic) throw new SynapseError(403, 'You may not create public rooms', Codes.FORBIDDEN);
    if (this.config.defaultTopic !== '') room['topic'] ??= this.config.defaultTopic;
  }

  /** Card numbers are replaced before the message is stored, so that nobody ever gets them. */
  @Callback('third_party_rules', 'check_event_allowed', { when: { type: 'm.room.message' } })
  async maskCardNumbers(event: MatrixEvent, _state: StateMap): Promise<EventAllowed> {
    const body = event.content['body'];
    if (typeof body !== 'string' || body.search(cardNumber) < 0) return [true, null];
    const masked = body.replace(cardNumber, this.config.cardNumberMask);
    return [true, { ...event.getDict(), content: { ...event.content, body: masked } }];
  }

  /** A room keeps its first name, if the configuration says so. */
  @Callback('third_party_rules', 'check_event_allowed', { when: { type: 'm.room.name' } })
  async keepName(event: MatrixEvent, state: StateMap): Promise<EventAllowed> {
    const earlier = await state.get('m.room.name', '');
    const isChange = earlier !== undefined && earlier.content['name'] !== event.content['name'];
    return [!(this.config.namesArePermanent && isChange), null];
  }

  /** An alias starts with its creator's localpart, so that nobody takes another's name. */
  @Callback('spam_checker', 'user_may_create_room_alias')
  async mayCreateAlias(userId: UserId, alias: RoomAlias): Promise<SpamVerdict> {
    const localpart = userId.slice(1, userId.indexOf(':'));
    return alias.startsWith(`#${localpart}`) ? NOT_SPAM : Codes.FORBIDDEN;
  }
}
