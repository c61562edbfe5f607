import { OffheapError } from '../errors';
import { attached, type Lifetime, NOTHING, type Owner } from '../memory/lifetime';
import { checkSize, formatBytes } from '../sizes';
import type { Allocator } from './allocator';
import { checkAllocator, memoryLost, takeFrom } from './checks';

/** The block that a ScopedAllocator and all its scopes share. */
export class SharedBlock implements Owner {
  readonly source: Allocator;
  readonly start: number;
  readonly end: number;
  /** Ends with that of the source's block, or when it is given back. */
  readonly lifetime: Lifetime;
  buffer: ArrayBufferLike;
  #block: Buffer | null;
  readonly #length: number;
  readonly stride = 1;
  readonly definition = null;

  constructor(source: Allocator, size: number) {
    checkAllocator('source', source);
    checkSize('size', size);
    const taken = takeFrom(source, size);
    if (taken === null) {
      throw new OffheapError(
        'ERR_OFFHEAP_FULL',
        `The source has no block of ${formatBytes(size)} for a ScopedAllocator`,
      );
    }
    this.source = source;
    this.#block = taken.block;
    this.#length = taken.block.length;
    this.start = taken.block.byteOffset;
    this.end = this.start + size;
    this.lifetime = taken.lifetime.branch();
    this.buffer = taken.block.buffer;
  }

  currentViews(seen: ArrayBuffer): ReturnType<Owner['currentViews']> {
    return this.lifetime.owner.currentViews(seen);
  }

  holds(buffer: ArrayBufferLike): boolean {
    return this.lifetime.holds(buffer);
  }

  /** Looks for the memory where somebody has taken the buffer away. */
  refresh(): void {
    if (!this.lifetime.refresh(this.end)) {
      throw memoryLost('ScopedAllocator');
    }
    this.buffer = this.lifetime.buffer;
  }

  /** Gives the block back, unless the source has taken it. */
  giveBack(): void {
    const block = this.#block && attached(this.#block, this.start, this.#length, this.lifetime);
    if (block !== null) {
      this.source.free(block);
    }
    this.lifetime.end();
    this.#block = null; // what is disposed of keeps no memory
    this.buffer = NOTHING.buffer;
  }
}
