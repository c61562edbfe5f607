import { checkBoolean, checkDelay, checkOneOf, checkOptions } from '../arguments';
import { invalidType, outOfRange } from '../errors';
import { checkSize, GiB, MiB } from '../sizes';

/**
 * What becomes of an arena's views and memory when its request has ended. Where nothing can be detached, on Node 20, all are
 * `'renew'`.
 *
 * - `'auto'`: views are detached after a request that ended well, and not after an abort, when jobs may still run on
 *   them. The memory is not used again before it was moved to other addresses.
 * - `'renew'`: the same, and views are never detached: forgotten zlib streams finish, too.
 * - `'detach'`: the same, and views are detached always.
 * - `'reset'`: views are detached always, and the memory is used again at once. A job that still runs **overwrites** what
 *   later requests have there, **or sends it out**.
 */
export type GiveBack = 'auto' | 'renew' | 'detach' | 'reset';

/** How much memory requests can have, and how much of it stays warm. */
export interface ArenaPoolOptions {
  /** By which it is found in statistics; a number is added where another pool has the name. Default: `'arenas'`. */
  name?: string;
  /** Bytes that one request can have, from 1 to the runtime's limit for ArrayBuffers. Only addresses. Default: 1 GiB. */
  capacity?: number;
  /**
   * Bytes that requests one after the other use at most before memory is moved. More means fewer moves, and more memory that is
   * warm. Default: 1 MiB, of which small requests use less.
   */
  window?: number;
  /**
   * Everything that a request can see is zeroed before. Without, a block shows what other requests have left, as
   * `Buffer.allocUnsafe` may. Default: true.
   */
  zeroed?: boolean;
  /** Default: `'auto'`. */
  giveBack?: GiveBack;
  /** How many arenas wait, at most, for later requests. Default: 128. */
  maxCached?: number;
  /**
   * After how many milliseconds the memory of an arena that waits is given back. From 1 to 2^31 - 1, or Infinity for never.
   * Default: 10,000.
   */
  idleMs?: number;
}

const WAYS: readonly GiveBack[] = ['auto', 'renew', 'detach', 'reset'];

/** With the defaults in the place of what is left out. */
export function checkArenaPoolOptions(options: ArenaPoolOptions): Required<ArenaPoolOptions> {
  const { name = 'arenas', capacity = GiB, window = MiB, zeroed = true } = checkOptions(options);
  const { giveBack = 'auto', maxCached = 128, idleMs = 10_000 } = options;
  if (typeof name !== 'string') {
    throw invalidType('options.name', 'of type string', name);
  }
  checkSize('options.capacity', capacity);
  if (capacity === 0) {
    throw outOfRange('options.capacity', 'an integer >= 1', capacity);
  }
  checkSize('options.window', window);
  checkBoolean('options.zeroed', zeroed);
  checkOneOf('options.giveBack', giveBack, WAYS);
  checkSize('options.maxCached', maxCached);
  checkDelay('options.idleMs', idleMs);
  return { name, capacity, window, zeroed, giveBack, maxCached, idleMs };
}
