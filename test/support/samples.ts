import { installHooks } from '../../src/loader/module-hooks.js';

// A sample imports the package by its name. A homeserver of this process needs that to be the code that runs here, not the bundle.
installHooks();

/** The sample `samples/word-filter`. */
export const { WordFilter } = await import('../../samples/word-filter/module.js');

/** The sample `samples/room-rules`. */
export const { RoomRules } = await import('../../samples/room-rules/module.js');
