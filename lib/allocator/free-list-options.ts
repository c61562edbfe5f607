import { checkOptions } from '../arguments';
import { outOfRange } from '../errors';
import { checkAlign, checkSize, DEFAULT_ALIGN, KiB } from '../sizes';

/** How many blocks a FreeList has, and how long they are. */
export interface FreeListOptions {
  /** Bytes of each block, from 1. Default: 1,024. */
  blockSize?: number;
  /** How many blocks are taken from the source at once, as one slab, from 1. Default: 64. */
  count?: number;
  /**
   * How many blocks there can be: more than `count` let the list grow, by a slab whenever it is exhausted. `Infinity` leaves
   * the limit to the source. Default: `count`.
   */
  maxCount?: number;
  /**
   * Bytes, a power of two. Default: the largest up to 64 that `blockSize` can be divided by, and at least enough for the
   * scalars that fit in a block.
   */
  align?: number;
}

const CACHE_LINE = 64;

/** With the defaults in the place of what is left out. */
export function checkFreeListOptions(options: FreeListOptions): Required<FreeListOptions> {
  const { blockSize = 1 * KiB, count = 64 } = checkOptions(options);
  const { maxCount = count } = options;
  checkPositive('options.blockSize', blockSize);
  checkPositive('options.count', count);
  if (maxCount !== Infinity) {
    checkSize('options.maxCount', maxCount);
  }
  if (maxCount < count) {
    throw outOfRange('options.maxCount', `>= ${count}, the count`, maxCount);
  }
  const { align = naturalAlign(blockSize) } = options;
  checkAlign('options.align', align);
  return { align, blockSize, count, maxCount };
}

/** The largest power of two, up to a cache line, that a size can be divided by; and enough for a scalar that fits in it. */
function naturalAlign(size: number): number {
  let align = 1;
  while (align < CACHE_LINE && (size % (2 * align) === 0 || (align < DEFAULT_ALIGN && 2 * align <= size))) {
    align *= 2;
  }
  return align;
}

function checkPositive(name: string, value: unknown): void {
  checkSize(name, value);
  if (value === 0) {
    throw outOfRange(name, 'an integer >= 1', value);
  }
}
