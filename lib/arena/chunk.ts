import type { SharedRegion } from '../memory/shared-region';
import { alignDown, alignUp, KiB } from '../sizes';

/** What a thread takes at once, at most, for small requests. */
const CHUNK = 64 * KiB;

/** A chunk is at most this part of the capacity, so that one thread does not take all of a small one. */
const CHUNKS = 16;
/** A request of more than this part of a chunk is not small. */
const SMALL = 4;
/** What the base is a multiple of, and so the largest alignment that needs no look at the base. */
const BASE_ALIGN = 4 * KiB;

/** Another thread has been quicker. */
const AGAIN = -2;

/** Makes memory usable up to `end`, or answers false. */
type Grow = (region: SharedRegion, end: number) => boolean;

// What a module imports is read anew, as a property of the other one, at every call; what it has itself is compiled in.
const aligned = alignUp;

/**
 * One thread's way through memory that all threads share. It takes a chunk by moving the shared pointer, and goes through that
 * with a pointer of its own. Where no other thread has taken memory since, the next chunk continues the last one, so that a
 * thread by itself loses nothing.
 *
 * Memory is made usable before the one step that takes it, and may stay so. So a refusal takes nothing, and there is nothing to
 * undo, at whatever moment a thread is ended; its chunk is lost with it.
 *
 * Loosely after thread-local allocation buffers as garbage collectors have them: Jones, Hosking, Moss, The Garbage Collection
 * Handbook, section 7.7.
 */
export class Chunk {
  readonly #region: SharedRegion;
  readonly #size: number;
  readonly #grow: Grow;
  // Small integers are many times faster than numbers that may be beyond 2^31: so these are relative to the base.
  #position = 0;
  #limit = 0;
  #base = 0;
  /** From here on, all up to the end of the chunk has been this thread's. */
  #first = 0;

  /**
   * @param size What it takes at once, at most; 0 is no more than each block.
   * @param grow Comes before taking. By default, memory is in the region's `buffer` afterwards.
   */
  constructor(region: SharedRegion, size = CHUNK, grow: Grow = (memory, end) => memory.grow(end)) {
    this.#region = region;
    this.#grow = grow;
    this.#size = Math.min(size, alignUp(Math.ceil(region.capacity / CHUNKS), 64));
  }

  /** The next free offset, as long as the chunk lasts. */
  get start(): number {
    return this.#base + this.#position;
  }

  /** Where the chunk ends. */
  get end(): number {
    return this.#base + this.#limit;
  }

  #set(start: number, end: number): void {
    this.#base = alignDown(start, BASE_ALIGN);
    this.#position = start - this.#base;
    this.#limit = end - this.#base;
  }

  /**
   * The offset of `size` bytes, at least 1, that are nobody else's, or -1 when there is no room.
   *
   * @throws OffheapError where the system refuses addresses, or the runtime an ArrayBuffer.
   */
  alloc(size: number, align: number): number {
    const position = aligned(this.#position, align);
    const end = position + size;
    if (end <= this.#limit && align <= BASE_ALIGN) {
      this.#position = end;
      return this.#base + position;
    }
    return this.#allocSlow(size, align);
  }

  #allocSlow(size: number, align: number): number {
    const { start, end } = this;
    const offset = aligned(start, align);
    if (offset + size <= end) {
      this.#set(offset + size, end);
      return offset;
    }
    // At first as if nobody had taken anything since: then one step is all.
    for (let taken = end; ; taken = this.#region.taken()) {
      const taking = this.#takeFrom(taken, size, align);
      if (taking !== AGAIN) {
        return taking;
      }
    }
  }

  /** One attempt, which succeeds if the shared pointer is at `taken`. It is there or further on. */
  #takeFrom(taken: number, size: number, align: number): number {
    const { start, end } = this;
    const left = end - start;
    const { capacity } = this.#region;
    const continues = taken === end;
    const offset = aligned(continues ? start : taken, align);
    // Compared without a sum, which for the largest sizes would be inexact.
    if (size > capacity - offset) {
      return -1;
    }
    const blockEnd = offset + size;
    let newEnd = Math.min(offset + this.#size, capacity);
    // A large block is all that is taken, and so is one for which it would not pay to leave the old chunk.
    if (size * SMALL > this.#size || !(continues || newEnd - blockEnd >= left)) {
      newEnd = blockEnd;
    }
    if (!this.#grow(this.#region, newEnd)) {
      newEnd = blockEnd; // the system has no memory for a whole chunk
      if (!this.#grow(this.#region, newEnd)) {
        return -1;
      }
    }
    if (!this.#region.take(taken, newEnd)) {
      return AGAIN;
    }
    // Goes on where more is left.
    if (continues || newEnd - blockEnd >= left) {
      this.#set(blockEnd, newEnd);
      this.#first = continues ? this.#first : taken;
    }
    return offset;
  }

  /**
   * Makes room for `size` more bytes behind a block that ends at `blockEnd`; false where somebody has what follows, or nobody can.
   * One attempt will do: where it fails, what follows has been taken.
   */
  extend(blockEnd: number, size: number): boolean {
    const { start, end } = this;
    if (blockEnd !== start) {
      return this.#takeBehind(blockEnd, size);
    }
    if (start + size <= end) {
      this.#set(start + size, end);
      return true;
    }
    return this.#takeFrom(end, size, 1) === start;
  }

  /** For a block that is no part of the chunk. */
  #takeBehind(blockEnd: number, size: number): boolean {
    const region = this.#region;
    if (blockEnd !== region.taken() || size > region.capacity - blockEnd) {
      return false;
    }
    return this.#grow(region, blockEnd + size) && region.take(blockEnd, blockEnd + size);
  }

  /**
   * Goes back from `end`, where what was allocated last ends, to where `start` was before, but not to before this thread's own
   * memory; does nothing when something was allocated since. What lies between has to be zero, or becomes so by `clear`.
   */
  giveBack(start: number, end: number, clear?: (from: number, to: number) => void): void {
    if (end === this.start) {
      const from = Math.max(start, this.#first);
      clear?.(from, end);
      this.#set(from, this.end);
    }
  }
}
