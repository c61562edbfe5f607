import { regionOf, type BumpAlloc } from '../arena/bump-alloc';
import { Chunk } from '../arena/chunk';
import { BlockBuffer } from '../memory/buffer-view';
import { DEFAULT_ALIGN, MiB } from '../sizes';

/** What a thread takes at once: how much a message copies at most that has one of its Buffers in it. */
const SIZE = 1 * MiB;

/**
 * The Buffers of one thread. Unlike blocks of a BumpAlloc, each is on an ArrayBuffer over only the slab that it lies in, or over
 * itself alone where it is larger than a quarter of one. Node clones the whole ArrayBuffer where a Buffer is posted, as the
 * output of a worker is, and takes it along where one is transferred.
 */
export class Slab {
  readonly #region;
  readonly #chunk: Chunk;
  #buffer = new ArrayBuffer(0);
  /** At which offset the slab begins. */
  #start = 0;
  /** 0 where there is none. */
  #length = 0;

  constructor(alloc: BumpAlloc) {
    this.#region = regionOf(alloc);
    this.#chunk = new Chunk(this.#region, SIZE, (region, end) => region.commit(end));
  }

  /** A Buffer of `size` bytes, at least 1, or `null` when there is no room. */
  alloc(size: number): Buffer | null {
    const used = this.#chunk.start;
    const offset = this.#chunk.alloc(size, DEFAULT_ALIGN);
    if (offset < 0) {
      return null;
    }
    const position = offset - this.#start;
    try {
      if (position >= 0 && position + size <= this.#length) {
        return new BlockBuffer(this.#buffer, position, size);
      }
    } catch {
      this.#length = 0; // somebody has taken it away
    }
    return this.#expose(offset, size, used);
  }

  /** The same on a new ArrayBuffer, over the rest of the chunk where the Buffer begins it. */
  #expose(offset: number, size: number, used: number): Buffer {
    const end = offset + size;
    const begins = this.#chunk.start === end;
    const to = begins ? this.#chunk.end : end;
    try {
      const buffer = this.#region.exposePart(offset, to);
      if (to > end) {
        this.#buffer = buffer;
        this.#start = offset;
        this.#length = to - offset;
      }
      return new BlockBuffer(buffer, 0, size);
    } catch (error) {
      this.#chunk.giveBack(used, end);
      throw error;
    }
  }
}
