/**
 * `offheap/global`: importing it routes Node's own Buffers through a BumpAlloc. Made for `node --import offheap/global app.js`,
 * which does the same in every worker.
 *
 * @module offheap/global
 */
import { installWhereWanted } from './install';

export { installGlobal, uninstall } from './install';

installWhereWanted();
