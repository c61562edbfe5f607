import type { Allocator, BlockOwner } from '../allocator/allocator';
import { allocFrom, checkAllocator, reallocFrom } from '../allocator/checks';
import { OffheapError } from '../errors';
import { BlockBuffer } from '../memory/buffer-view';
import { Lifetime, lifetimeOf, NOBODY } from '../memory/lifetime';

/** What there is before the first block, and after the last one. */
const EMPTY = new Lifetime(NOBODY, null);
const ENDED = new Lifetime(NOBODY, null);
ENDED.end();

/** One block of an allocator, which can grow, and the lifetime of what is in it. */
export class OwnedBlock {
  readonly #allocator: Allocator;
  /** For messages: `'Box'`. */
  readonly #what: string;
  #block: Buffer | null = null;
  /** Of the block, as the allocator knows it. */
  #trunk: Lifetime | null = null;
  #freed = false;
  #length = 0;
  /** Of what is in the block: it ends as well when the block is freed or moves. */
  memory = EMPTY;
  /** Where the block starts, in bytes from the start of what the lifetime sees. */
  offset = 0;

  constructor(allocator: Allocator, what: string) {
    checkAllocator('allocator', allocator);
    this.#allocator = allocator;
    this.#what = what;
  }

  /** Bytes. */
  get length(): number {
    return this.#length;
  }

  /** The block, as its allocator knows it. */
  #currentBlock(block: Buffer): Buffer {
    const { memory, offset } = this;
    const isLost = block.length < this.#length && (this.#allocator as Partial<BlockOwner>).owns?.(block) === false;
    // Somebody has taken the ArrayBuffer away, but not the memory.
    return isLost && memory.refresh(offset + this.#length)
      ? new BlockBuffer(memory.buffer, offset, this.#length)
      : block;
  }

  /**
   * Makes the block at least `size` bytes long, in place where the allocator can. False where it has no room; then nothing has
   * changed.
   */
  grow(size: number, align: number): boolean {
    const old = this.#block;
    const block =
      old === null
        ? allocFrom(this.#allocator, size, align)
        : reallocFrom(this.#allocator, this.#currentBlock(old), size, align);
    if (block === null) {
      return false;
    }
    const trunk = lifetimeOf(this.#allocator, block);
    // The same lifetime is over the same memory, through whatever ArrayBuffer.
    if (old !== null && trunk === this.#trunk && block.byteOffset === this.offset && !this.memory.ended) {
      this.memory.see(trunk);
    } else {
      if (old !== null) {
        this.memory.end();
      }
      this.memory = trunk.branch();
    }
    this.#block = block;
    this.#trunk = trunk;
    this.offset = block.byteOffset;
    this.#length = block.length;
    return true;
  }

  /** @throws OffheapError `ERR_OFFHEAP_STALE` where the memory has been given up. */
  check(): void {
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
    if (this.#block !== null) {
      this.#allocator.free(this.#currentBlock(this.#block));
      this.memory.end();
    }
    this.#freed = true;
    this.memory = ENDED;
  }

  /** Frees the block if it is still there. */
  dispose(): void {
    if (!this.memory.ended) {
      this.free();
    }
  }
}
