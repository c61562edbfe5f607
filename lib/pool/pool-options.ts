import { totalmem } from 'node:os';

import { checkBoolean, checkDelay, checkOneOf, checkOptions } from '../arguments';
import { constrainedMemory } from '../container';
import { invalidType } from '../errors';
import { alignDown, checkSize, MiB } from '../sizes';
import { type LeakDetection, leakDetectionFrom } from './leak-detector';

/** How much memory a pool may hold, what it does when that is used up, and what it watches. */
export interface BufferPoolOptions {
  /** What statistics, warnings and dashboards call it. Default: `'pool'`. */
  name?: string;
  /**
   * The most memory that the pool holds, in bytes: in blocks that callers have, and in those that wait, warm. Blocks are up to a quarter
   * longer than their Buffers. Default: half of the
   * memory of the machine, or of what the process is allowed where that is less.
   */
  maxBytes?: number;
  /**
   * What `acquire` does beyond `maxBytes`, for more than 1 GiB at once, and where the system refuses: `'allocate'` answers a Buffer of
   * Node's own, which is released like all others; `'null'` answers `null`. Default: `'allocate'`.
   */
  whenFull?: 'allocate' | 'null';
  /**
   * After how many milliseconds memory that nobody has needed goes back to the system: between once and one and a half times
   * as many. From 1 to 2^31 - 1, or Infinity for never. Default: 10,000.
   */
  idleMs?: number;
  /** Every Buffer is zeroed, as if `acquire` were `acquireZeroed`. Default: false. */
  zeroed?: boolean;
  /** Every Buffer is cleared when it is released, for secrets. Default: false. */
  zeroOnRelease?: boolean;
  /** Default: what the environment variable `OFFHEAP_LEAK_DETECTION` says, or else `'off'`. */
  leakDetection?: LeakDetection;
  /**
   * Finds uses of Buffers that were released, for tests. They are filled with the byte 0xDB, and when their memory is handed out again and
   * something else is there, a warning says so. With the leak detection at `'paranoid'`, each Buffer has pages of its own, and is detached by
   * `release` (on Node 20, which cannot detach safely, it stays poisoned, and its memory is not handed out again). Default: false.
   */
  guard?: boolean;
}

/** Options with their defaults, checked. */
export function checkPoolOptions(options: BufferPoolOptions): Required<BufferPoolOptions> {
  const {
    name = 'pool',
    maxBytes = halfOfMemory(),
    whenFull = 'allocate',
    idleMs = 10_000,
    zeroed = false,
    zeroOnRelease = false,
    leakDetection,
    guard = false,
  } = checkOptions(options);
  if (typeof name !== 'string') {
    throw invalidType('options.name', 'of type string', name);
  }
  checkSize('options.maxBytes', maxBytes);
  checkOneOf('options.whenFull', whenFull, ['allocate', 'null']);
  checkDelay('options.idleMs', idleMs);
  checkBoolean('options.zeroed', zeroed);
  checkBoolean('options.zeroOnRelease', zeroOnRelease);
  checkBoolean('options.guard', guard);
  return {
    name,
    maxBytes,
    whenFull,
    idleMs,
    zeroed,
    zeroOnRelease,
    leakDetection: leakDetectionFrom(leakDetection),
    guard,
  };
}

function halfOfMemory(): number {
  return alignDown(Math.floor(Math.min(constrainedMemory(), totalmem()) / 2), MiB);
}
