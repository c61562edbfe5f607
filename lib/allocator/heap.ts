import { inspect } from 'node:util';

import { BlockBuffer } from '../memory/buffer-view';
import { isDetached } from '../memory/detach';
import { type BlockLifetime, type Lifetime, lifetimeOfBuffer } from '../memory/lifetime';
import { checkAlign, checkSize, DEFAULT_ALIGN } from '../sizes';
import type { BlockOwner } from './allocator';
import { checkView, copyInto, doubleFree, foreignBlock } from './checks';

/** What is known of a block; its ArrayBuffer is the key to it. */
interface HeapBlock {
  length: number;
  live: boolean;
  lifetime: Lifetime | null;
}

class Heap implements BlockOwner {
  readonly #blocks = new WeakMap<ArrayBufferLike, HeapBlock>();

  alloc(size: number, align: number = DEFAULT_ALIGN): Buffer | null {
    checkSize('size', size);
    checkAlign('align', align);
    const block = allocate(size);
    if (block !== null) {
      this.#blocks.set(block.buffer, { length: size, live: true, lifetime: null });
    }
    return block;
  }

  realloc(block: Buffer, size: number, align: number = DEFAULT_ALIGN): Buffer | null {
    checkSize('size', size);
    checkAlign('align', align);
    const known = this.#liveBlock(block);
    const { buffer } = block;
    if (size <= buffer.byteLength) {
      known.length = size;
      return new BlockBuffer(buffer, 0, size);
    }
    const moved = this.alloc(size, align);
    if (moved !== null) {
      copyInto(moved, block, size);
      release(known);
    }
    return moved;
  }

  free(block: Buffer): void {
    release(this.#liveBlock(block));
  }

  owns(block: Buffer): boolean {
    checkView(block);
    const known = this.#blocks.get(block.buffer);
    return known?.live === true && !isDetached(block.buffer) && block.byteOffset + block.byteLength <= known.length;
  }

  wasFreed(block: Buffer): boolean {
    checkView(block);
    return this.#blocks.get(block.buffer)?.live === false;
  }

  lifetimeOf(block: Buffer): BlockLifetime {
    return (this.#liveBlock(block).lifetime ??= lifetimeOfBuffer(block.buffer as ArrayBuffer)).token;
  }

  #liveBlock(block: Buffer): HeapBlock {
    checkView(block);
    const known = this.#blocks.get(block.buffer);
    if (known?.live === false) {
      throw doubleFree('the heap');
    }
    if (known === undefined || block.byteOffset > 0 || block.byteLength !== known.length || isDetached(block.buffer)) {
      throw foreignBlock('the heap', block);
    }
    return known;
  }

  [inspect.custom](): string {
    return 'heap {}';
  }
}

function release(known: HeapBlock): void {
  known.live = false;
  known.lifetime?.end();
  known.lifetime = null;
}

function allocate(size: number): Buffer | null {
  try {
    return Buffer.allocUnsafeSlow(size);
  } catch {
    return null; // more than a Buffer can have, or more than there is
  }
}

/**
 * Node's own allocation, as an allocator: each block is a Buffer on an ArrayBuffer of its own, uninitialized as those of
 * `Buffer.allocUnsafeSlow`. It knows what it has handed out without keeping it alive: a block that is dropped without `free`
 * is collected like any Buffer, and one that was freed is collected once nothing refers to it.
 *
 * An alignment holds for the offset in the ArrayBuffer; where that lies is up to V8, at a multiple of 8 at least. `alloc` and
 * `realloc` answer `null` beyond the longest Buffer, or where there is no memory. Shrinking gives no memory back.
 *
 * `free`, `realloc` and `lifetimeOf` throw an OffheapError: `ERR_OFFHEAP_DOUBLE_FREE` for a block that was freed,
 * `ERR_OFFHEAP_FOREIGN_BLOCK` for everything else that is not a whole live block.
 */
export const heap: BlockOwner = new Heap();
