// error: none
import type { MethodRow } from '../../../src/module-api/method-row.js';
import type { ModuleApi } from '../../../src/module-api/module-api.js';

type Row<Name extends 'createRoom' | 'getRoomState' | 'setUserAdmin' | 'getThreepidsForUser'> = MethodRow<
  'x',
  ModuleApi[Name]
>;
const known = { synapse: 'x', by: 'synapse', changes: true } as const;
const options = { ratelimit: 'json', creatorJoinProfile: 'json' } as const;

export const right: Row<'createRoom'> = {
  ...known,
  args: ['user_id', ['config', 'live_json']],
  options,
  result: 'json',
};
// @ts-expect-error -- what the method may change is not plain JSON
export const notLive: Row<'createRoom'> = { ...known, args: ['user_id', 'config'], options, result: 'json' };
// @ts-expect-error -- an option without a kind would never be sent
export const optionAbsent: Row<'createRoom'> = {
  ...known,
  args: ['user_id', ['config', 'live_json']],
  options: { ratelimit: 'json' },
  result: 'json',
};
// @ts-expect-error -- all options without kinds
export const optionsAbsent: Row<'createRoom'> = {
  ...known,
  args: ['user_id', ['config', 'live_json']],
  result: 'json',
};
// @ts-expect-error -- an argument is left out
export const argumentAbsent: Row<'setUserAdmin'> = { ...known, args: ['user_id'], result: 'none' };
// @ts-expect-error -- the method has no options
export const optionsOfNothing: Row<'setUserAdmin'> = {
  ...known,
  args: ['user_id', 'admin'],
  options: { force: 'json' },
  result: 'none',
};
// @ts-expect-error -- the method returns nothing
export const resultOfNothing: Row<'setUserAdmin'> = { ...known, args: ['user_id', 'admin'], result: 'json' };
// @ts-expect-error -- a filter is tuples in Synapse
export const notTuples: Row<'getRoomState'> = {
  ...known,
  args: ['room_id'],
  options: { eventFilter: 'json' },
  result: 'state_events',
};
// @ts-expect-error -- a state map is not a list of events
export const wrongEvents: Row<'getRoomState'> = {
  ...known,
  args: ['room_id'],
  options: { eventFilter: 'tuples' },
  result: 'events',
};
// @ts-expect-error -- records have other names in Synapse
export const notRecords: Row<'getThreepidsForUser'> = { ...known, args: ['user_id'], result: 'json' };
// @ts-expect-error -- the name is Synapse's
export const otherName: Row<'getThreepidsForUser'> = { ...known, synapse: 'y', args: ['user_id'], result: 'records' };
