/** What is not a placeholder: text, quoted names, comments, and names that may hold `$`. */
const tokens =
  /'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?|--[^\n]*|\/\*[^]*?(?:\*\/|$)|\?\d*|[:@$][\w$\u0080-\uffff]+|[\w$\u0080-\uffff]+/g;

const space = /^(?:[ \t\f\r\n]+|--[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$))/;

/** A statement whose placeholders are all `?`. */
export interface PlainStatement {
  readonly sql: string;
  /** For each `?` of {@link sql} the index of its value. */
  readonly order: readonly number[];
  /** How many values the statement was written for. */
  readonly count: number;
}

/** Gives numbered and named placeholders the value of their position, as Python does (https://sqlite.org/c3ref/bind_blob.html). */
export function plainStatement(text: string): PlainStatement {
  const names = new Map<string, number>();
  const order: number[] = [];
  let count = 0;
  const sql = text.replace(tokens, (token) => {
    if (!/^[?:@$]/.test(token)) return token;
    const known = names.get(token);
    const index = known ?? (token.startsWith('?') && token !== '?' ? Number(token.slice(1)) - 1 : count);
    if (token !== '?') names.set(token, index);
    count = Math.max(count, index + 1);
    order.push(index);
    return '?';
  });
  return { sql, order, count };
}

/** A text without the space and the comments before its first word. */
export function withoutLeadingSpace(text: string): string {
  let rest = text;
  for (let found = space.exec(rest); found !== null; found = space.exec(rest)) rest = rest.slice(found[0].length);
  return rest;
}

/** Whether Python begins a transaction for a statement, and counts the rows that it changes. */
export function isDataChange(statement: string): boolean {
  return /^(?:insert|update|delete|replace)/i.test(statement);
}

/** Whether a statement certainly changes nothing. */
export function onlyReads(statement: string): boolean {
  return /^(?:select|values|explain)/i.test(statement) || (/^with/i.test(statement) && !dataChange.test(statement));
}

const dataChange = /\b(?:insert|update|delete|replace)\b/i;

/** Whether a statement moves the edge of a transaction, or belongs to the connection. */
export function isConnectionControl(statement: string): boolean {
  return /^(?:begin|commit|end|rollback|savepoint|release|vacuum|attach|detach)\b/i.test(statement);
}
