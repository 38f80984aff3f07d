import { type JsonObject, stringsOf } from '../../../matrix/json.js';

/** Whether `m.room.server_acl` lets a server take part (https://spec.matrix.org/latest/client-server-api/#mroomserver_acl). */
export function serverMatchesAcl(acl: JsonObject, serverName: string): boolean {
  const host = serverName.replace(/:\d+$/, '').toLowerCase();
  if (acl['allow_ip_literals'] === false && isIpLiteral(host)) return false;
  if (stringsOf(acl['deny']).some((glob) => globMatches(glob, host))) return false;
  return stringsOf(acl['allow']).some((glob) => globMatches(glob, host));
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

function isIpLiteral(host: string): boolean {
  return host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
