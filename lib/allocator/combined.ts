import { markAsUncloneable } from '../arguments';
import { type BlockLifetime, lifetimeOf } from '../memory/lifetime';
import type { BlockOwner } from './allocator';
import { checkOwner, checkView, foreignBlock } from './checks';

/** An allocator that takes its blocks from several others, and finds out whose a block is by asking them. */
export abstract class CombinedAllocator implements BlockOwner {
  readonly #parts: readonly BlockOwner[];

  /** @internal */
  protected constructor(parts: Readonly<Record<string, BlockOwner>>) {
    for (const [name, part] of Object.entries(parts)) {
      checkOwner(name, part);
    }
    this.#parts = Object.values(parts);
    markAsUncloneable?.(this);
  }

  abstract alloc(size: number, align?: number): Buffer | null;
  abstract realloc(block: Buffer, size: number, align?: number): Buffer | null;

  /**
   * Gives a block back to the allocator that owns it.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a block that none of them owns.
   */
  free(block: Buffer): void {
    this.ownerOf(block).free(block);
  }

  /** Whether one of the allocators owns the memory. */
  owns(block: Buffer): boolean {
    return this.#find(block) !== null;
  }

  /** What the allocator says that owns the block. */
  lifetimeOf(block: Buffer): BlockLifetime {
    return lifetimeOf(this.ownerOf(block), block);
  }

  /** @internal */
  protected ownerOf(block: Buffer): BlockOwner {
    const owner = this.#find(block);
    if (owner === null) {
      throw foreignBlock(`one of the ${this.#parts.length} allocators of this ${this.constructor.name}`, block);
    }
    return owner;
  }

  #find(block: Buffer): BlockOwner | null {
    checkView(block);
    for (const part of this.#parts) {
      if (part.owns(block)) {
        return part;
      }
    }
    return null;
  }
}
