import { GiB } from '../sizes';

/** The smallest size class, and how far apart the small ones are, in bytes. */
const STEP = 16;
/** The largest of the classes that are a STEP apart. Above it, there are four from one power of two to the next. */
const SMALL = 128;
const SMALL_CLASSES = SMALL / STEP;
/** floor(log2(SMALL)). */
const SMALL_LOG = 7;

/** The largest block that belongs to a class, in bytes. */
export const MAX_BLOCK = GiB;

/**
 * The class that serves `size` bytes, an integer from 0 to {@link MAX_BLOCK}: the smallest whose blocks are not shorter.
 *
 * Four classes between powers of two, as jemalloc has them, so that a block is at most a quarter longer than what was asked
 * for. Up to 128 bytes, sizes are rounded to multiples of 16. Blocks of 16 KiB and more are whole pages of 4 KiB.
 */
export function classOf(size: number): number {
  const last = size - 1;
  if (size <= SMALL) {
    return size <= STEP ? 0 : last >>> 4;
  }
  const log = 31 - Math.clz32(last);
  return SMALL_CLASSES + (log - SMALL_LOG) * 4 + ((last >>> (log - 2)) & 3);
}

/** How long the blocks of a class are, in bytes. */
export function sizeOfClass(index: number): number {
  if (index < SMALL_CLASSES) {
    return (index + 1) * STEP;
  }
  const quarters = index - SMALL_CLASSES;
  const base = 2 ** (SMALL_LOG + Math.floor(quarters / 4));
  return base + ((quarters % 4) + 1) * (base / 4);
}

/** How many classes there are. */
export const CLASS_COUNT = classOf(MAX_BLOCK) + 1;
