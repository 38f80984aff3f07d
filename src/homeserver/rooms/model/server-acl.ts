import type { JsonObject, JsonValue } from '../../../matrix/json.js';

/** Whether `m.room.server_acl` lets a server take part (https://spec.matrix.org/latest/client-server-api/#mroomserver_acl). */
export function serverMatchesAcl(acl: JsonObject, serverName: string): boolean {
  const host = serverName.replace(/:\d+$/, '').toLowerCase();
  if (acl['allow_ip_literals'] === false && isIpLiteral(host)) return false;
  if (globs(acl['deny']).some((glob) => globMatches(glob, host))) return false;
  return globs(acl['allow']).some((glob) => globMatches(glob, host));
}

/** Whether a text matches a pattern in which `*` stands for any characters and `?` for one, letter case aside. */
export function globMatches(glob: string, text: string): boolean {
  let pattern = '';
  for (const character of glob.replaceAll(/\*+/g, '*')) {
    if (character === '*') pattern += '.*';
    else if (character === '?') pattern += '.';
    else pattern += character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
  }
  return new RegExp(`^(?:${pattern})$`, 'isu').test(text);
}

function globs(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly JsonValue[]).filter((entry) => typeof entry === 'string');
}

function isIpLiteral(host: string): boolean {
  return host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
