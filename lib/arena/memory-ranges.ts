import { OffheapError } from '../errors';
import { LazyRegion } from '../memory/lazy-region';
import { MAX_LENGTH } from '../memory/region';
import { Kind } from '../native/contract';
import { GiB } from '../sizes';
import { BumpArena } from './bump-arena';
import type { ArenaAllocator } from './memory-arena';

/** How many addresses are reserved at once: more than there is memory, so that one range is nearly always enough. */
const RANGE = Math.min(64 * GiB, MAX_LENGTH);

/** Addresses that are committed block by block, as far as they are needed. */
export class Range extends BumpArena {
  readonly region: LazyRegion;

  constructor(capacity: number, blockSize: number) {
    const region = new LazyRegion(capacity, Kind.arena, blockSize);
    super(capacity, undefined, () => region);
    this.region = region;
  }
}

/** What a MemoryArena and its allocator share. */
export class Memory {
  readonly blockSize: number;
  readonly ranges: Range[];
  /** The allocator that has the arena now. */
  user: ArenaAllocator | null = null;
  disposed = false;

  constructor(blockSize: number) {
    this.blockSize = blockSize;
    this.ranges = [this.#reserve(blockSize)];
  }

  /** Reserves as many addresses as there are, and enough for `size` bytes. */
  #reserve(size: number): Range {
    const least = Math.max(size, this.blockSize);
    for (let capacity = Math.max(RANGE, least); ; capacity = Math.max(Math.floor(capacity / 4), least)) {
      try {
        return new Range(capacity, this.blockSize);
      } catch (error) {
        if (capacity === least || !(error instanceof OffheapError) || error.code !== 'ERR_OFFHEAP_OS') {
          throw error;
        }
      }
    }
  }

  /** The range after one that is full, with room for `size` bytes; `null` where the system has no more. */
  next(index: number, size: number): Range | null {
    const next = this.ranges[index + 1];
    if (next !== undefined && size <= next.capacity) {
      return next;
    }
    try {
      const range = this.#reserve(size);
      this.ranges.splice(index + 1, 0, range);
      return range;
    } catch (error) {
      if (error instanceof OffheapError && ['ERR_OFFHEAP_OS', 'ERR_OFFHEAP_TOO_LARGE'].includes(error.code)) {
        return null;
      }
      throw error;
    }
  }
}
