import { inspect, type InspectOptions } from 'node:util';

import { markAsUncloneable } from '../arguments';
import { OffheapError } from '../errors';
import { type BlockLifetime, lifetimeOf } from '../memory/lifetime';
import type { BlockOwner } from './allocator';
import { checkOwner, checkView, doubleFree, foreignBlock } from './checks';

/** An allocator that takes its blocks from several others, and finds out whose a block is by asking them. */
export abstract class CombinedAllocator implements BlockOwner {
  readonly #names: readonly string[];
  readonly #parts: readonly BlockOwner[];

  /** @internal */
  protected constructor(parts: Readonly<Record<string, BlockOwner>>) {
    for (const [name, part] of Object.entries(parts)) {
      checkOwner(name, part);
    }
    this.#names = Object.keys(parts);
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

  /** Whether one of the allocators has taken the block back. */
  wasFreed(block: Buffer): boolean {
    checkView(block);
    return this.#parts.some((part) => part.wasFreed?.(block) === true);
  }

  /** What the allocator says that owns the block. */
  lifetimeOf(block: Buffer): BlockLifetime {
    return lifetimeOf(this.ownerOf(block), block).token;
  }

  /**
   * @param other One that is known not to own it, and is not asked again.
   * @internal
   */
  protected ownerOf(block: Buffer, other: BlockOwner | null = null): BlockOwner {
    const owner = this.#find(block, other);
    if (owner === null) {
      throw this.wasFreed(block)
        ? doubleFree(`the ${this.constructor.name}`)
        : foreignBlock(`one of the allocators of this ${this.constructor.name}`, block);
    }
    return owner;
  }

  #find(block: Buffer, other: BlockOwner | null = null): BlockOwner | null {
    checkView(block);
    for (const part of this.#parts) {
      if (part !== other && ownsNow(part, block)) {
        return part;
      }
      // One part may have its memory from another one, which owns all of it, live or not.
      if (part.wasFreed?.(block) === true) {
        return null;
      }
    }
    return null;
  }

  [inspect.custom](_depth: number, options: InspectOptions, inspectValue: typeof inspect): string {
    const parts = this.#names.map((name, i) => `${name}: ${inspectValue(this.#parts[i], options)}`);
    return `${this.constructor.name} { ${parts.join(', ')} }`;
  }
}

/** One that was disposed of owns nothing; the others go on. */
export function ownsNow(part: BlockOwner, block: Buffer): boolean {
  try {
    return part.owns(block);
  } catch (error) {
    if (error instanceof OffheapError && error.code === 'ERR_OFFHEAP_DISPOSED') {
      return false;
    }
    throw error;
  }
}
