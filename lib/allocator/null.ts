import { checkAlign, checkSize, DEFAULT_ALIGN } from '../sizes';
import type { BlockOwner } from './allocator';
import { checkView, foreignBlock } from './checks';

/**
 * An allocator that is always full and owns nothing: the end of a chain, or what stands in the place of an allocator that
 * must not be used.
 */
export class NullAllocator implements BlockOwner {
  /** Answers `null`, whatever the size. */
  alloc(size: number, align: number = DEFAULT_ALIGN): null {
    checkSize('size', size);
    checkAlign('align', align);
    return null;
  }

  /** @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK`, for no block is its own. */
  realloc(block: NodeJS.ArrayBufferView): never {
    throw this.#foreign(block);
  }

  /** @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK`, for no block is its own. */
  free(block: NodeJS.ArrayBufferView): never {
    throw this.#foreign(block);
  }

  /** Answers false. */
  owns(block: NodeJS.ArrayBufferView): boolean {
    checkView(block);
    return false;
  }

  #foreign(block: NodeJS.ArrayBufferView): Error {
    checkView(block);
    return foreignBlock('a NullAllocator, which has none', block);
  }
}
