import type { UserId } from '../../matrix/ids.js';
import type { Database, Schema } from './database/database.js';

export const pushRuleSchema: Schema = {
  name: 'push_rules',
  versions: [
    `CREATE TABLE push_rules (
       id INTEGER PRIMARY KEY,
       user_name TEXT NOT NULL,
       rule_id TEXT NOT NULL,
       priority_class INTEGER NOT NULL,
       priority INTEGER NOT NULL DEFAULT 0,
       conditions TEXT NOT NULL,
       actions TEXT NOT NULL,
       UNIQUE (user_name, rule_id)
     );
     CREATE TABLE push_rules_enable (
       id INTEGER PRIMARY KEY,
       user_name TEXT NOT NULL,
       rule_id TEXT NOT NULL,
       enabled INTEGER NOT NULL,
       UNIQUE (user_name, rule_id)
     );
     CREATE TABLE push_rules_stream (
       user_id TEXT PRIMARY KEY,
       stream_id INTEGER NOT NULL
     ) WITHOUT ROWID;`,
    `CREATE TABLE push_rules_history (
       user_id TEXT NOT NULL,
       until INTEGER NOT NULL,
       rules TEXT NOT NULL,
       PRIMARY KEY (user_id, until)
     ) WITHOUT ROWID;`,
  ],
};

/** A rule of a user, or a user's actions for a default rule (priority class -1). */
export interface StoredPushRule {
  /** `global/<kind>/<name>`. */
  readonly ruleId: string;
  readonly priorityClass: number;
  readonly priority: number;
  /** JSON. */
  readonly conditions: string;
  /** JSON. */
  readonly actions: string;
}

/** Rules that a user had once. */
export interface FormerPushRules {
  /** The position of the change that ended them. */
  readonly until: number;
  /** JSON, as clients get them. */
  readonly rules: string;
}

/** So many former sets of rules are kept for a user: what is older is judged by the oldest of them. */
const maxFormer = 100;

/** The push rules that users made or changed. */
export class PushRuleStore {
  constructor(private readonly database: Database) {}

  /** When the rules of a user changed last; 0 when they never did. */
  positionOf(userId: UserId): number {
    const row = this.database.get<{ stream_id: number }>(
      'SELECT stream_id FROM push_rules_stream WHERE user_id = ?',
      userId,
    );
    return row?.stream_id ?? 0;
  }

  /** The rules of a user, those that are matched first first. */
  ofUser(userId: UserId): readonly StoredPushRule[] {
    return this.database.all(
      `SELECT rule_id AS ruleId, priority_class AS priorityClass, priority, conditions, actions
         FROM push_rules WHERE user_name = ? ORDER BY priority_class DESC, priority DESC`,
      userId,
    );
  }

  /** Which rules a user switched on or off, by `global/<kind>/<name>`. */
  enabledOf(userId: UserId): ReadonlyMap<string, boolean> {
    const rows = this.database.all<{ rule_id: string; enabled: number }>(
      'SELECT rule_id, enabled FROM push_rules_enable WHERE user_name = ?',
      userId,
    );
    return new Map(rows.map((row) => [row.rule_id, row.enabled === 1]));
  }

  /** Stores a rule; those of its class with its priority and above move up when it is inserted among them. */
  save(userId: UserId, rule: StoredPushRule, options: { readonly isInserted: boolean }): void {
    this.database.transaction(() => {
      if (options.isInserted) {
        this.database.run(
          'UPDATE push_rules SET priority = priority + 1 WHERE user_name = ? AND priority_class = ? AND priority >= ?',
          userId,
          rule.priorityClass,
          rule.priority,
        );
      }
      this.database.run(
        `INSERT OR REPLACE INTO push_rules (user_name, rule_id, priority_class, priority, conditions, actions)
           VALUES (?, ?, ?, ?, ?, ?)`,
        userId,
        rule.ruleId,
        rule.priorityClass,
        rule.priority,
        rule.conditions,
        rule.actions,
      );
      this.saveEnabled(userId, rule.ruleId, true);
    });
  }

  saveActions(userId: UserId, ruleId: string, actions: string): void {
    this.database.run(
      `INSERT INTO push_rules (user_name, rule_id, priority_class, priority, conditions, actions)
         VALUES (?, ?, -1, 1, '[]', ?) ON CONFLICT (user_name, rule_id) DO UPDATE SET actions = excluded.actions`,
      userId,
      ruleId,
      actions,
    );
  }

  saveEnabled(userId: UserId, ruleId: string, isEnabled: boolean): void {
    this.database.run(
      'INSERT OR REPLACE INTO push_rules_enable (user_name, rule_id, enabled) VALUES (?, ?, ?)',
      userId,
      ruleId,
      isEnabled ? 1 : 0,
    );
  }

  /** Removes a rule; whether there was one. */
  delete(userId: UserId, ruleId: string): boolean {
    return this.database.transaction(() => {
      const { changes } = this.database.run(
        'DELETE FROM push_rules WHERE user_name = ? AND rule_id = ?',
        userId,
        ruleId,
      );
      if (changes === 0) return false;
      this.database.run('DELETE FROM push_rules_enable WHERE user_name = ? AND rule_id = ?', userId, ruleId);
      return true;
    });
  }

  /** The rules that a user had at a position; undefined for those of now. */
  formerAt(userId: UserId, position: number): FormerPushRules | undefined {
    return this.database.get<FormerPushRules>(
      'SELECT until, rules FROM push_rules_history WHERE user_id = ? AND until > ? ORDER BY until LIMIT 1',
      userId,
      position,
    );
  }

  /** Notes that the rules changed, and what they were before. */
  setPosition(userId: UserId, streamId: number, before: string): void {
    this.database.transaction(() => {
      this.database.run('INSERT OR REPLACE INTO push_rules_stream VALUES (?, ?)', userId, streamId);
      this.database.run('INSERT OR REPLACE INTO push_rules_history VALUES (?, ?, ?)', userId, streamId, before);
      this.database.run(
        `DELETE FROM push_rules_history WHERE user_id = ? AND until <=
         (SELECT until FROM push_rules_history WHERE user_id = ? ORDER BY until DESC LIMIT 1 OFFSET ${String(maxFormer)})`,
        userId,
        userId,
      );
    });
  }
}
