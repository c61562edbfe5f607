import type { Allocator } from '../allocator/allocator';
import { checkAllocator, retakeFrom, type Taken, takeFrom } from '../allocator/checks';
import { OffheapError } from '../errors';
import { attached, ENDED, Lifetime, NOBODY, NOTHING } from '../memory/lifetime';

/** What there is before the first block. */
const EMPTY = new Lifetime({ ...NOBODY, currentViews: () => NOTHING }, NOTHING);
/** While the allocator works on the block, and perhaps calls code that uses it. */
const BUSY = new Lifetime(NOBODY, NOTHING);
BUSY.end();

/** One block of an allocator, which can grow, and the lifetime of what is in it. */
export class OwnedBlock {
  readonly #allocator: Allocator;
  /** For messages: `'Box'`. */
  readonly #what: string;
  #block: Buffer | null = null;
  /** Of the block, as the allocator knows it. */
  #trunk: Lifetime | null = null;
  #freed = false;
  /** Of what is in the block: it ends as well when the block is freed or moves. */
  memory = EMPTY;
  /** Where the block starts, in bytes from the start of what the lifetime sees. */
  offset = 0;
  /** Bytes of the block. */
  length = 0;

  constructor(allocator: Allocator, what: string) {
    checkAllocator('allocator', allocator);
    this.#allocator = allocator;
    this.#what = what;
  }

  /**
   * Makes the block at least `size` bytes long, in place where the allocator can. False where it has no room; then nothing has
   * changed.
   */
  grow(size: number, align: number): boolean {
    const { memory } = this;
    const old = this.#block === null ? null : attached(this.#block, this.offset, this.length, memory);
    this.check();
    this.memory = BUSY;
    let taken: Taken | null;
    try {
      taken = old === null ? takeFrom(this.#allocator, size, align) : retakeFrom(this.#allocator, old, size, align);
    } finally {
      this.memory = memory;
    }
    if (taken !== null) {
      this.#adopt(taken);
    }
    return taken !== null;
  }

  #adopt({ block, lifetime }: Taken): void {
    // The same lifetime is over the same memory, through whatever ArrayBuffer.
    if (lifetime === this.#trunk && block.byteOffset === this.offset && !this.memory.ended) {
      this.memory.see(lifetime);
    } else {
      if (this.#block !== null) {
        this.memory.end();
      }
      this.memory = lifetime.branch();
    }
    this.#block = block;
    this.#trunk = lifetime;
    this.offset = block.byteOffset;
    this.length = block.length;
  }

  /**
   * @throws OffheapError `ERR_OFFHEAP_STALE` where the memory has been given up, `ERR_OFFHEAP_EXCLUSIVE` while the allocator
   * works on it.
   */
  check(): void {
    if (this.memory === BUSY) {
      throw new OffheapError(
        'ERR_OFFHEAP_EXCLUSIVE',
        `The ${this.#what} is being grown or freed, and cannot be used before its allocator has returned`,
      );
    }
    if (this.memory.ended) {
      throw new OffheapError(
        'ERR_OFFHEAP_STALE',
        this.#freed
          ? `The ${this.#what} has been freed`
          : `The ${this.#what} is stale: its allocator has started over, gone back or been disposed of, or somebody has ` +
              'taken the memory away',
      );
    }
  }

  /** @throws OffheapError `ERR_OFFHEAP_DOUBLE_FREE` the second time, and as `check` does. */
  free(): void {
    if (this.#freed) {
      throw new OffheapError('ERR_OFFHEAP_DOUBLE_FREE', `The ${this.#what} has been freed before`);
    }
    this.check();
    const { memory } = this;
    const block = this.#block === null ? null : attached(this.#block, this.offset, this.length, memory);
    this.memory = BUSY;
    try {
      if (block !== null) {
        this.#allocator.free(block);
      }
    } catch (error) {
      this.memory = memory;
      throw error;
    }
    if (this.#block !== null) {
      memory.end();
    }
    this.#freed = true;
    this.memory = ENDED;
    this.#block = null; // what is freed keeps no memory
    this.#trunk = null;
  }

  /** Frees the block if it is still there. */
  dispose(): void {
    if (!this.memory.ended) {
      this.free();
    }
  }
}
