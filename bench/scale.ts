import type { BenchRow } from './bench-row.js';
import { bridgeBacklog } from './scale/bridge-backlog.js';
import { apiCall, apiCall10, bridgeEvents64k, media50mb } from './scale/bridge-costs.js';
import { directoryUsers } from './scale/directory.js';
import { fanOut } from './scale/fan-out.js';
import { mediaDownload, mediaUpload } from './scale/media.js';
import { contextMembers, contextWhole, syncLazyMembers } from './scale/members.js';
import { closeModules } from './scale/modules.js';
import { messagesFiltered, syncEmptyRooms } from './scale/rooms.js';
import { searchCommonWord, searchCommonWordBest } from './scale/search.js';
import { transactionWrites } from './scale/transaction-writes.js';

/** Each growth by the name of its row without `scale/`. Written list: a row that is not here is not measured. */
const growths: Readonly<Record<string, () => Promise<BenchRow>>> = {
  'context-members': contextMembers,
  'context-whole': contextWhole,
  'sync-lazy-members': syncLazyMembers,
  'directory-users': directoryUsers,
  'sync-empty-rooms': syncEmptyRooms,
  'messages-filtered': messagesFiltered,
  'search-common-word': searchCommonWord,
  'search-common-word-best': searchCommonWordBest,
  'fan-out': fanOut,
  'close-modules': closeModules,
  'bridge-backlog': bridgeBacklog,
  'bridge-events-64k': bridgeEvents64k,
  'api-call': apiCall,
  'api-call-10': apiCall10,
  'media-50mb': media50mb,
  'transaction-writes': transactionWrites,
  'media-download': mediaDownload,
  'media-upload': mediaUpload,
};

/** How costs grow with what there is: `ratio` is the exponent between the two largest sizes, or the ratio that the row names. */
export async function scale(only: readonly string[]): Promise<BenchRow[]> {
  const unknown = only.filter((name) => !(name in growths));
  if (unknown.length > 0) throw new Error(`No row ${unknown.join(', ')}: there are ${Object.keys(growths).join(', ')}`);
  const rows: BenchRow[] = [];
  for (const [name, measure] of Object.entries(growths)) {
    if (only.length === 0 || only.includes(name)) rows.push(await measure());
  }
  return rows;
}
