import { SynapseError } from '../../errors/synapse-error.js';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';

type Check = (value: JsonValue, path: string) => void;

const isUserId = /^@[^:]*:[^\s]+$/s;
const isRoomId = /^!(?:[^:]*:.+|[A-Za-z0-9_-]{43})$/s;

const text: Check = expects('a string', (value) => typeof value === 'string');
const number: Check = expects('a number', (value) => typeof value === 'number');
const boolean: Check = expects('a boolean', (value) => typeof value === 'boolean');
const userId: Check = expects('a user ID', (value) => typeof value === 'string' && isUserId.test(value));
const roomId: Check = expects('a room ID', (value) => typeof value === 'string' && isRoomId.test(value));

const filter = {
  limit: number,
  senders: listOf(userId),
  not_senders: listOf(userId),
  types: listOf(text),
  not_types: listOf(text),
  'org.matrix.msc3874.rel_types': listOf(text),
  'org.matrix.msc3874.not_rel_types': listOf(text),
};

const roomEventFilter = objectOf({
  limit: number,
  senders: listOf(userId),
  not_senders: listOf(userId),
  types: listOf(text),
  not_types: listOf(text),
  rooms: listOf(roomId),
  not_rooms: listOf(roomId),
  contains_url: boolean,
  lazy_load_members: boolean,
  include_redundant_members: boolean,
  unread_thread_notifications: boolean,
  'org.matrix.msc3773.unread_thread_notifications': boolean,
  'org.matrix.labels': listOf(text),
  'org.matrix.not_labels': listOf(text),
  related_by_senders: listOf(text),
  related_by_rel_types: listOf(text),
});

const wholeFilter = objectOf({
  presence: objectOf(filter),
  account_data: objectOf(filter),
  room: objectOf({
    not_rooms: listOf(roomId),
    rooms: listOf(roomId),
    ephemeral: roomEventFilter,
    include_leave: boolean,
    state: roomEventFilter,
    timeline: roomEventFilter,
    account_data: roomEventFilter,
  }),
  event_format: expects("'client' or 'federation'", (value) => value === 'client' || value === 'federation'),
  event_fields: listOf(text),
});

/** 400 unless this is a filter for `/sync` (`api/filtering.py: check_valid_filter`); members nobody knows are left alone. */
export function checkSyncFilter(value: JsonObject): void {
  wholeFilter(value, 'filter');
}

function expects(what: string, isRight: (value: JsonValue) => boolean): Check {
  return (value, path) => {
    if (!isRight(value)) throw new SynapseError(400, `${path} is not ${what}`);
  };
}

function listOf(check: Check): Check {
  return (value, path) => {
    if (!isJsonArray(value)) throw new SynapseError(400, `${path} is not an array`);
    for (const [index, item] of value.entries()) check(item, `${path}[${index}]`);
  };
}

function objectOf(members: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    if (!isJsonObject(value)) throw new SynapseError(400, `${path} is not an object`);
    for (const [name, check] of Object.entries(members)) {
      const member = value[name];
      if (member !== undefined) check(member, `${path}.${name}`);
    }
  };
}
