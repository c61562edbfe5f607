// What every question needs before it measures. Imported first.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { GiB } from '../../dist/index.mjs';

const [major] = process.versions.node.split('.').map(Number);

/** Node 20 aborts when a buffer is detached under a zlib stream, so there `reset()` is `renew()`. */
export const CAN_DETACH = major >= 22;

/** The largest capacity of the questions about address space. */
export const LARGE = CAN_DETACH ? 64 * GiB : 4 * GiB;
export const LARGE_NAME = CAN_DETACH ? '64 GiB' : '4 GiB';

setFlagsFromString('--expose-gc');
export const gc = runInNewContext('gc');

// The first detach of a process makes V8 recompile what has been compiled so far. Here there is nothing yet.
if (CAN_DETACH) {
  new ArrayBuffer(8).transfer();
}
