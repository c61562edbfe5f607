import { checkSize } from '../sizes';
import type { BlockOwner } from './allocator';
import { moveBlock } from './checks';
import { CombinedAllocator } from './combined';

/** Takes small blocks from one allocator and large ones from another. After D's `Segregator`. */
export class Segregator extends CombinedAllocator {
  readonly #threshold: number;
  readonly #small: BlockOwner;
  readonly #large: BlockOwner;

  /**
   * @param threshold Bytes, from 0: the size of the largest block that is taken from `small`.
   */
  constructor(threshold: number, small: BlockOwner, large: BlockOwner) {
    checkSize('threshold', threshold);
    super({ small, large });
    this.#threshold = threshold;
    this.#small = small;
    this.#large = large;
  }

  /** Allocates from the side that the size falls to; `null` where that is full. */
  alloc(size: number, align?: number): Buffer | null {
    // What is no number goes to the large side, which refuses it.
    return typeof size === 'number' && size <= this.#threshold
      ? this.#small.alloc(size, align)
      : this.#large.alloc(size, align);
  }

  /**
   * Reallocates a block, on the other side where the new size falls to that one; `null` where that is full. A block that has
   * become small stays on the large side then.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a block that neither side owns.
   */
  realloc(block: Buffer, size: number, align?: number): Buffer | null {
    checkSize('size', size);
    const owner = this.ownerOf(block);
    const side = size <= this.#threshold ? this.#small : this.#large;
    if (owner === side) {
      return owner.realloc(block, size, align);
    }
    const moved = moveBlock(block, size, align, owner, side);
    return moved === null && owner === this.#large ? owner.realloc(block, size, align) : moved;
  }
}
