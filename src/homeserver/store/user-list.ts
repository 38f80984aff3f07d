import type { SQLInputValue } from 'node:sqlite';
import type { UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Database } from './database/database.js';

/** Which accounts an administrator wants to see. */
export interface UserListQuery {
  readonly from: number;
  readonly limit: number;
  /** Part of the user ID. */
  readonly userId: UserId | undefined;
  /** Part of localpart or display name; `userId` counts only without it. */
  readonly name: string | undefined;
  readonly withGuests: boolean;
  /** undefined: both. */
  readonly isDeactivated: boolean | undefined;
  /** undefined: both. */
  readonly isAdmin: boolean | undefined;
  readonly withLocked: boolean;
  /** Types not to show; the empty text stands for none. */
  readonly notUserTypes: readonly string[];
  readonly orderBy: UserListOrder;
  readonly isDescending: boolean;
}

export const userListOrders = [
  'name',
  'displayname',
  'is_guest',
  'admin',
  'deactivated',
  'user_type',
  'avatar_url',
  'shadow_banned',
  'creation_ts',
  'last_seen_ts',
  'locked',
] as const;

/** What accounts can be ordered by. */
type UserListOrder = (typeof userListOrders)[number];

const flags = ['is_guest', 'admin', 'deactivated', 'shadow_banned', 'erased', 'locked'] as const;

/** A page of the list of accounts (`storage/databases/main/__init__.py: get_users_paginate`). */
export function listUsers(
  database: Database,
  query: UserListQuery,
): { readonly users: readonly JsonObject[]; readonly total: number } {
  const { conditions, values } = conditionsOf(query);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const from = `FROM users AS u LEFT JOIN profiles AS p ON u.name = p.full_user_id ${where}`;
  const total = database.get<{ total: number }>(`SELECT count(*) AS total ${from}`, ...values)?.total ?? 0;
  const rows = database.all<Record<string, SQLInputValue>>(
    `SELECT name, user_type, is_guest, admin, deactivated, shadow_banned, displayname, avatar_url,
            creation_ts * 1000 AS creation_ts, EXISTS (SELECT 1 FROM erased_users WHERE user_id = name) AS erased,
            (SELECT max(last_seen) FROM user_ips WHERE user_ips.user_id = u.name) AS last_seen_ts, locked
       ${from} ORDER BY ${query.orderBy} ${query.isDescending ? 'DESC' : 'ASC'}, u.name ASC LIMIT ? OFFSET ?`,
    ...values,
    query.limit,
    query.from,
  );
  const users = rows.map((row) => {
    const booleans = flags.map((flag) => [flag, row[flag] === 1] as const);
    return { ...row, ...Object.fromEntries(booleans) } as JsonObject;
  });
  return { users, total };
}

function conditionsOf(query: UserListQuery): { readonly conditions: string[]; readonly values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...more: SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...more);
  };
  const [name, userId] = [lowerCase(query.name), lowerCase(query.userId)];
  if (name !== '') add('(name LIKE ? OR lower(displayname) LIKE ?)', `@%${name}%:%`, `%${name}%`);
  else if (userId !== '') add('name LIKE ?', `%${userId}%`);
  const wanted = {
    is_guest: query.withGuests ? undefined : false,
    deactivated: query.isDeactivated,
    locked: query.withLocked ? undefined : false,
    admin: query.isAdmin,
  };
  for (const [column, value] of Object.entries(wanted)) if (value !== undefined) add(`${column} = ?`, value ? 1 : 0);
  if (query.notUserTypes.includes('')) add('user_type IS NOT NULL');
  for (const type of query.notUserTypes) if (type !== '') add('(user_type IS NULL OR user_type <> ?)', type);
  return { conditions, values };
}

function lowerCase(text: string | undefined): string {
  return text?.toLowerCase() ?? '';
}
