import { isMainThread } from 'node:worker_threads';

import { regionOf, type BumpAlloc } from '../arena/bump-alloc';
import { Chunk } from '../arena/chunk';
import { BlockBuffer } from '../memory/buffer-view';
import { isDetached } from '../memory/detach';
import type { SharedRegion } from '../memory/shared-region';
import { alignUp, DEFAULT_ALIGN, KiB, MiB } from '../sizes';

/** How long slabs are, in bytes: so much is copied where a Buffer is posted. */
const MOST = 1 * MiB;
/** And at first; then twice as long each time. A worker may need one Buffer in its life, and leaves the rest of its slab behind. */
const FIRST = isMainThread ? MOST : 64 * KiB;
/** A slab is at most this part of the capacity. */
const SLABS = 16;
/** A Buffer of more than this part of the longest slab is in none. */
const SMALL = 4;

// What a module imports is read anew, as a property of the other one, at every call; what it has itself is compiled in.
const ALIGN = DEFAULT_ALIGN;
const aligned = alignUp;

/**
 * The Buffers of one thread. Unlike blocks of a BumpAlloc, each is on an ArrayBuffer over only the slab that it lies in, or, a
 * large one, over itself alone. Node clones the whole ArrayBuffer where a Buffer is posted, as the output of a worker is, and takes
 * it along where one is transferred. No two of these ArrayBuffers show the same memory.
 */
export class ThreadBuffers {
  readonly #region: SharedRegion;
  /** Takes whole slabs and large Buffers, and nothing around them. */
  readonly #taker: Chunk;
  readonly #most: number;
  /** The largest Buffer that lies in a slab. */
  readonly #largest: number;
  #next = FIRST;
  #buffer = new ArrayBuffer(0);
  /** The next free byte of the slab. */
  #position = 0;
  /** 0 where there is no slab. */
  #length = 0;

  constructor(alloc: BumpAlloc) {
    this.#region = regionOf(alloc);
    this.#taker = new Chunk(this.#region, 0, (region, end) => region.commit(end));
    this.#most = Math.min(MOST, aligned(Math.ceil(alloc.capacity / SLABS), 64));
    this.#largest = this.#most / SMALL;
  }

  /** A Buffer of `size` bytes, at least 1, or `null` when there is no room. */
  alloc(size: number): Buffer | null {
    const position = aligned(this.#position, ALIGN);
    const end = position + size;
    if (end > this.#length || size > this.#largest) {
      return this.#allocSlow(size);
    }
    try {
      const block = new BlockBuffer(this.#buffer, position, size);
      this.#position = end;
      return block;
    } catch (error) {
      if (!isDetached(this.#buffer)) {
        throw error;
      }
    }
    this.#length = 0; // somebody has taken the slab away, and may go on writing to it
    return this.#allocSlow(size);
  }

  #allocSlow(size: number): Buffer | null {
    const length = Math.min(Math.max(this.#next, SMALL * size), this.#most);
    const slab = size > this.#largest ? null : this.#expose(length);
    if (slab === null) {
      const own = this.#expose(size);
      return own && new BlockBuffer(own, 0, size);
    }
    this.#next = 2 * length;
    this.#buffer = slab;
    this.#position = 0;
    this.#length = length;
    return this.alloc(size);
  }

  /** An ArrayBuffer over so many bytes that are nobody else's, or `null` when there is no room. */
  #expose(length: number): ArrayBuffer | null {
    const { start } = this.#taker;
    const offset = this.#taker.alloc(length, ALIGN);
    if (offset < 0) {
      return null;
    }
    const end = offset + length;
    try {
      return this.#region.exposePart(offset, end);
    } catch (error) {
      this.#taker.giveBack(start, end);
      throw error;
    }
  }
}
