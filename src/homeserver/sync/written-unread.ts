import type { JsonObject } from '../../matrix/json.js';
import { MAIN_TIMELINE, type UnreadCount } from './unread-counts.js';

/** Unread counts as `/sync` has them: threads for themselves if the client wants that, else all in one. */
export function writeUnread(
  counts: ReadonlyMap<string, UnreadCount>,
  isThreaded: boolean,
): Readonly<Record<string, JsonObject>> {
  if (!isThreaded) return { unread_notifications: written([...counts.values()].reduce(sum)) };
  const { [MAIN_TIMELINE]: main, ...threads } = Object.fromEntries(
    [...counts].map(([thread, count]) => [thread, written(count)]),
  );
  return {
    unread_notifications: main ?? {},
    ...(Object.keys(threads).length > 0 && { unread_thread_notifications: threads }),
  };
}

function sum(a: UnreadCount, b: UnreadCount): UnreadCount {
  return { notifications: a.notifications + b.notifications, highlights: a.highlights + b.highlights };
}

function written({ notifications, highlights }: UnreadCount): JsonObject {
  return { notification_count: notifications, highlight_count: highlights };
}
