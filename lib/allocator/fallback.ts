import type { BlockOwner } from './allocator';
import { moveBlock } from './checks';
import { CombinedAllocator, ownsNow } from './combined';

/** Takes from one allocator, and from another one where the first has no room. */
export class FallbackAllocator extends CombinedAllocator {
  readonly #main: BlockOwner;
  readonly #fallback: BlockOwner;

  /**
   * @param main Is asked first.
   * @param fallback Is asked where `main` has answered `null`.
   */
  constructor(main: BlockOwner, fallback: BlockOwner) {
    super({ main, fallback });
    this.#main = main;
    this.#fallback = fallback;
  }

  /** Allocates from `main`, else from `fallback`; `null` where both are full. */
  alloc(size: number, align?: number): Buffer | null {
    const block = this.#main.alloc(size, align);
    return block !== null ? block : this.#fallback.alloc(size, align);
  }

  /** @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a block that neither owns. */
  override free(block: Buffer): void {
    const main = this.#main; // where most come from
    const owner = ownsNow(main, block) ? main : this.ownerOf(block, main);
    owner.free(block);
  }

  /**
   * Reallocates a block where it is, and moves it to the other side where that one is full; `null` where neither has room.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a block that neither owns.
   */
  realloc(block: Buffer, size: number, align?: number): Buffer | null {
    const owner = this.ownerOf(block);
    const other = owner === this.#main ? this.#fallback : this.#main;
    return owner.realloc(block, size, align) ?? moveBlock(block, size, align, owner, other);
  }
}
