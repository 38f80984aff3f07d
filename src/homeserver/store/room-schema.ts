import type { Schema } from './database/database.js';
import { backfillUpdate, indexUpdate } from './database/store-update.js';

/** SQL for whether the content of an event has a text named `url`. */
export const contentHasUrl = "coalesce(json_type(events.json, '$.content.url') = 'text', 0)";

/** The tables of rooms and their events. Positions are numbers of the one stream of changes. */
export const roomSchema: Schema = {
  name: 'rooms',
  versions: [
    `CREATE TABLE server_keys (
       key_id TEXT PRIMARY KEY,
       seed TEXT NOT NULL
     ) WITHOUT ROWID;
     CREATE TABLE rooms (
       room_id TEXT PRIMARY KEY,
       version TEXT NOT NULL,
       creator TEXT NOT NULL,
       is_public INTEGER NOT NULL
     ) WITHOUT ROWID;
     CREATE TABLE events (
       position INTEGER PRIMARY KEY,
       event_id TEXT NOT NULL UNIQUE,
       room_id TEXT NOT NULL,
       type TEXT NOT NULL,
       state_key TEXT,
       sender TEXT NOT NULL,
       origin_server_ts INTEGER NOT NULL,
       json TEXT NOT NULL,
       metadata TEXT,
       is_hidden INTEGER NOT NULL,
       redacted_by TEXT
     );
     CREATE INDEX events_room ON events (room_id, position);
     CREATE TABLE extremities (
       room_id TEXT NOT NULL,
       event_id TEXT NOT NULL,
       PRIMARY KEY (room_id, event_id)
     ) WITHOUT ROWID;
     CREATE TABLE current_state (
       room_id TEXT NOT NULL,
       type TEXT NOT NULL,
       state_key TEXT NOT NULL,
       event_id TEXT NOT NULL,
       PRIMARY KEY (room_id, type, state_key)
     ) WITHOUT ROWID;
     CREATE TABLE state_history (
       room_id TEXT NOT NULL,
       type TEXT NOT NULL,
       state_key TEXT NOT NULL,
       position INTEGER NOT NULL,
       event_id TEXT,
       PRIMARY KEY (room_id, type, state_key, position)
     ) WITHOUT ROWID;
     CREATE INDEX state_history_position ON state_history (room_id, position);
     CREATE TABLE memberships (
       user_id TEXT NOT NULL,
       room_id TEXT NOT NULL,
       membership TEXT NOT NULL,
       event_id TEXT NOT NULL,
       position INTEGER NOT NULL,
       is_forgotten INTEGER NOT NULL DEFAULT 0,
       PRIMARY KEY (user_id, room_id)
     ) WITHOUT ROWID;
     CREATE INDEX memberships_room ON memberships (room_id);
     CREATE TABLE membership_history (
       user_id TEXT NOT NULL,
       position INTEGER NOT NULL,
       room_id TEXT NOT NULL,
       membership TEXT NOT NULL,
       event_id TEXT NOT NULL,
       PRIMARY KEY (user_id, position)
     ) WITHOUT ROWID;
     CREATE INDEX membership_history_room ON membership_history (room_id);
     CREATE TABLE relations (
       parent_id TEXT NOT NULL,
       position INTEGER NOT NULL,
       event_id TEXT NOT NULL,
       room_id TEXT NOT NULL,
       rel_type TEXT NOT NULL,
       type TEXT NOT NULL,
       sender TEXT NOT NULL,
       aggregation_key TEXT,
       PRIMARY KEY (parent_id, position)
     ) WITHOUT ROWID;
     CREATE INDEX relations_event ON relations (event_id);
     CREATE INDEX relations_room ON relations (room_id, rel_type);
     CREATE TABLE event_transactions (
       user_id TEXT NOT NULL,
       device_id TEXT NOT NULL,
       room_id TEXT NOT NULL,
       txn_id TEXT NOT NULL,
       event_id TEXT NOT NULL,
       sent_ts INTEGER NOT NULL,
       PRIMARY KEY (user_id, device_id, room_id, txn_id)
     ) WITHOUT ROWID;
     CREATE TABLE aliases (
       alias TEXT PRIMARY KEY,
       room_id TEXT NOT NULL,
       servers TEXT NOT NULL,
       creator TEXT
     ) WITHOUT ROWID;
     CREATE INDEX aliases_room ON aliases (room_id);
     CREATE TABLE blocked_rooms (
       room_id TEXT PRIMARY KEY,
       user_id TEXT NOT NULL
     ) WITHOUT ROWID;
     CREATE TABLE room_deletions (
       delete_id TEXT PRIMARY KEY,
       room_id TEXT NOT NULL,
       status TEXT NOT NULL,
       params TEXT NOT NULL,
       result TEXT,
       error TEXT,
       started_ts INTEGER NOT NULL
     ) WITHOUT ROWID;
     CREATE INDEX room_deletions_room ON room_deletions (room_id);`,
    `CREATE TABLE event_branches (
       event_id TEXT PRIMARY KEY,
       room_id TEXT NOT NULL,
       state TEXT NOT NULL
     ) WITHOUT ROWID;
     CREATE INDEX event_branches_room ON event_branches (room_id);
     CREATE TABLE federation_transactions (
       origin TEXT NOT NULL,
       txn_id TEXT NOT NULL,
       response TEXT NOT NULL,
       received_ts INTEGER NOT NULL,
       PRIMARY KEY (origin, txn_id)
     ) WITHOUT ROWID;
     CREATE INDEX federation_transactions_received ON federation_transactions (received_ts);`,
    'ALTER TABLE events ADD COLUMN contains_url INTEGER;',
    // Indexes, see below.
    '',
    `ALTER TABLE events ADD COLUMN depth INTEGER AS (coalesce(json_extract(json, '$.depth'), 0)) VIRTUAL;
     DROP INDEX IF EXISTS events_type_index;
     DROP INDEX IF EXISTS events_sender_index;
     DROP INDEX IF EXISTS events_url_index;`,
  ],
  updates: [
    backfillUpdate(
      { name: 'events_contains_url', version: 3 },
      { table: 'events', key: 'position', column: 'contains_url', value: contentHasUrl },
    ),
    indexUpdate(
      { name: 'events_jump_to_date_index', version: 3 },
      'events (room_id, origin_server_ts) WHERE is_hidden = 0',
    ),
    indexUpdate({ name: 'events_depth_index', version: 5 }, 'events (room_id, depth, position)'),
    indexUpdate(
      { name: 'events_type_index', version: 5 },
      'events (room_id, type, depth, position) WHERE is_hidden = 0',
    ),
    indexUpdate({ name: 'events_sender_index', version: 5 }, 'events (sender, room_id, depth, position)'),
    indexUpdate(
      { name: 'events_url_index', version: 5, dependsOn: 'events_contains_url' },
      'events (room_id, depth, position) WHERE contains_url IS NOT 0 AND is_hidden = 0',
    ),
  ],
};
