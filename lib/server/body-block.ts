import type { BumpArena } from '../arena/bump-arena';
import { OffheapError } from '../errors';
import { whyRefused } from '../memory/limit';
import { formatBytes } from '../sizes';
import { BodyError } from './body-error';
import { requestArenas } from './request-arena';

/** The block of an arena that a body is gathered in. */
export class BodyBlock {
  readonly #arena: BumpArena;
  /** Bytes that will come, where that is known; the block is made that long at once. */
  readonly #expected: number | undefined;
  readonly #limit: number;
  #block: Buffer | null = null;
  #size = 0;
  #filled = 0;

  constructor(arena: BumpArena, expected: number | undefined, limit: number) {
    this.#arena = arena;
    this.#expected = expected;
    this.#limit = limit;
  }

  /** Bytes gathered so far. */
  get filled(): number {
    return this.#filled;
  }

  /** @throws BodyError `ERR_OFFHEAP_FULL`; OffheapError `ERR_OFFHEAP_STALE` where somebody has taken the memory away. */
  add(chunk: Uint8Array): void {
    const end = this.#filled + chunk.length;
    if (end > this.#size) {
      this.#enlarge(end);
    }
    if (chunk.length > 0) {
      this.#attached().set(chunk, this.#filled);
      this.#filled = end;
    }
  }

  #enlarge(end: number): void {
    const block = this.#block;
    // Where others have allocated since, it has to move, so it grows by more than is needed.
    const size = block === null ? (this.#expected ?? end) : Math.min(Math.max(end, 2 * this.#size), this.#limit);
    const grown = requestArenas.filling(this.#arena, () =>
      block === null ? this.#arena.alloc(size) : this.#arena.realloc(this.#attached(), size),
    );
    if (grown === null) {
      const reason = size > this.#arena.remaining ? '' : `: ${whyRefused(size)}`;
      const message = `The arena has no room for a body of ${formatBytes(size)} or more${reason}`;
      throw new BodyError('ERR_OFFHEAP_FULL', 503, message);
    }
    this.#block = grown;
    this.#size = size;
  }

  #attached(): Buffer {
    const block = this.#block;
    if (block === null || block.length < this.#size) {
      throw new OffheapError('ERR_OFFHEAP_STALE', 'Somebody has taken away the memory that a body was being read into');
    }
    return block;
  }

  /** The bytes, in a block of their number. */
  take(): Buffer {
    if (this.#block === null) {
      return this.#arena.alloc(0)!; // an empty block has room everywhere
    }
    const block = this.#attached();
    return this.#filled === this.#size ? block : this.#arena.realloc(block, this.#filled)!; // shorter: always possible
  }

  /** Gives the memory back, where it is the last. */
  discard(): void {
    const block = this.#block;
    this.#block = null;
    if (block !== null && block.length > 0) {
      this.#arena.free(block);
    }
  }
}
