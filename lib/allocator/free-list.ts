import { inspect } from 'node:util';

import { markAsUncloneable } from '../arguments';
import { OffheapError } from '../errors';
import { BlockBuffer } from '../memory/buffer-view';
import { attached, type BlockLifetime } from '../memory/lifetime';
import { alignUp, checkAlign, checkSize, formatBytes, isAlign } from '../sizes';
import type { Allocator, BlockOwner } from './allocator';
import { checkAllocator, disposed, doubleFree, foreignBlock, memoryLost, rangeOf, takeFrom } from './checks';
import { checkFreeListOptions, type FreeListOptions } from './free-list-options';
import { Slab, Slabs } from './slabs';
import { Mark, Slot } from './slot';

const validAlign = isAlign;

/**
 * Blocks of one size, handed out and taken back in any order, each in constant time. It hands out the same Buffer objects
 * again and again, and makes no garbage. A block costs about 200 bytes of the JavaScript heap, from the first time that it is
 * handed out.
 *
 * Exhausted, it answers `null`, and so it does for more than a block has. What comes back while it is not handed out, or is
 * not its own, is always found out.
 *
 * @example
 * ```js
 * import { BumpArenaLazy, FreeList, GiB, KiB } from 'offheap';
 *
 * const list = new FreeList(new BumpArenaLazy(1 * GiB), { blockSize: 4 * KiB, maxCount: Infinity });
 * const block = list.alloc(3000);
 * console.log(block.length, list.live); // → 4096 1
 * list.free(block);
 * ```
 */
export class FreeList implements BlockOwner {
  readonly #source: Allocator;
  readonly #blockSize: number;
  readonly #align: number;
  readonly #count: number;
  readonly #maxCount: number;
  readonly #slabs = new Slabs<Slot>();
  /** Those whose blocks have not all been handed out yet. */
  readonly #fresh: Slab<Slot>[] = [];
  #free: Slot | null = null;
  #live = 0;
  /** How many blocks there are. */
  #total = 0;
  /** Counts the slabs whose memory has been given up under the list. */
  readonly #signal = { ended: 0 };
  /** How many of them are not in the accounts any more. */
  #swept = 0;
  #disposed = false;

  /**
   * @param source Gives the slabs, and gets them back by `dispose()`.
   * @throws OffheapError `ERR_OFFHEAP_FULL` where it has no room for the first one.
   */
  constructor(source: Allocator, options: FreeListOptions = {}) {
    checkAllocator('source', source);
    const { align, blockSize, count, maxCount } = checkFreeListOptions(options);
    this.#source = source;
    this.#blockSize = blockSize;
    this.#align = align;
    this.#count = count;
    this.#maxCount = maxCount;
    if (!this.#grow()) {
      const size = formatBytes(this.#stride * count);
      throw new OffheapError('ERR_OFFHEAP_FULL', `The source has no block of ${size} for a FreeList`);
    }
    markAsUncloneable?.(this);
  }

  /** Bytes from one block to the next. */
  get #stride(): number {
    return alignUp(this.#blockSize, this.#align);
  }

  /** Takes a slab from the source. */
  #grow(): boolean {
    const count = Math.min(this.#count, this.#maxCount - this.#total);
    const size = this.#stride * count;
    if (count === 0 || !Number.isSafeInteger(size)) {
      return false;
    }
    let slab: Slab<Slot> | null = null;
    this.#total += count; // before the source can come back to the list
    try {
      const taken = takeFrom(this.#source, size, this.#align);
      slab = taken && new Slab(taken, count);
    } finally {
      this.#total -= slab === null ? count : 0;
    }
    if (slab === null) {
      return false;
    }
    if (this.#disposed) {
      slab.giveBack(this.#source);
      this.#checkOpen();
    }
    this.#sweep();
    slab.lifetime.signal = this.#signal;
    this.#slabs.add(slab);
    this.#fresh.push(slab);
    return true;
  }

  /**
   * Hands out a block, all of `blockSize`, or answers `null`: when all are handed out, and for a larger size or alignment. The
   * block shows whatever was there.
   *
   * @throws OffheapError `ERR_OFFHEAP_STALE` where the source has given the memory up.
   */
  alloc(size: number, align = 1): Buffer | null {
    const slot = this.#free;
    if (
      slot !== null &&
      Number.isInteger(size) &&
      size >= 0 &&
      size <= this.#blockSize &&
      typeof align === 'number' &&
      align <= this.#align &&
      validAlign(align) &&
      slot.block.length === this.#blockSize &&
      !slot.slab.lifetime.ended
    ) {
      this.#free = slot.next;
      this.#live++;
      slot.live = true;
      return slot.block;
    }
    return this.#allocSlow(size, align);
  }

  #allocSlow(size: number, align: number): Buffer | null {
    this.#checkOpen();
    checkSize('size', size);
    checkAlign('align', align);
    if (size > this.#blockSize || align > this.#align) {
      return null;
    }
    while (this.#free !== null && !this.#revive(this.#free)) {
      this.#free = this.#free.next;
    }
    const slot = this.#free ?? this.#newSlot();
    if (slot === null) {
      // Where all is gone, the source has ended what the list was made for.
      if (this.#isLost) {
        throw memoryLost('FreeList');
      }
      return null;
    }
    if (slot === this.#free) {
      this.#free = slot.next;
    }
    this.#live++;
    slot.live = true;
    return slot.block;
  }

  /** Whether its memory was given up under it, and all of it. */
  get #isLost(): boolean {
    this.#sweep();
    return this.#swept > 0 && this.#slabs.isEmpty;
  }

  /** Takes slabs out of the accounts whose memory has been given up. */
  #sweep(): void {
    if (this.#swept < this.#signal.ended) {
      this.#swept = this.#signal.ended;
      this.#forget(this.#slabs.removeEnded());
    }
  }

  #forget(slabs: readonly Slab<Slot>[]): void {
    for (const slab of slabs) {
      this.#total -= slab.count;
      for (const slot of slab.slots) {
        this.#live -= slot.live ? 1 : 0;
        slot.live = false;
      }
    }
  }

  /** A slot that was never handed out, from another slab where that is needed; `null` where there is none. */
  #newSlot(): Slot | null {
    for (let slab = this.#fresh.at(-1); slab !== undefined; slab = this.#fresh.at(-1)) {
      const slot = slab.slots.length < slab.count ? this.#slotIn(slab) : null;
      if (slot !== null) {
        return slot;
      }
      this.#fresh.pop();
    }
    return !this.#isLost && this.#grow() ? this.#slotIn(this.#fresh.at(-1)!) : null;
  }

  /** The next slot of a slab; `null` where the memory is gone. */
  #slotIn(slab: Slab<Slot>): Slot | null {
    const { current, slots } = slab;
    if (current === null) {
      return null;
    }
    const offset = slab.start + slots.length * this.#stride;
    const slot = new Slot(this, slab, new BlockBuffer(current.buffer, offset, this.#blockSize));
    new Mark(slot.block, slot);
    slots.push(slot);
    return slot;
  }

  /** Makes sure that a slot's Buffer is on its memory; false where that is gone. */
  #revive(slot: Slot): boolean {
    const block = attached(slot.block, slot.offset, this.#blockSize, slot.slab.lifetime);
    if (block !== null && block !== slot.block) {
      slot.block = block;
      new Mark(block, slot);
    }
    return block !== null;
  }

  /**
   * Answers the same block for every size that it has room for, `null` for a larger one.
   *
   * @throws As `free` does, and OffheapError `ERR_OFFHEAP_STALE` where the source has given the memory up.
   */
  realloc(block: NodeJS.ArrayBufferView, size: number, align = 1): Buffer | null {
    const slot = this.#liveSlot(block);
    checkSize('size', size);
    checkAlign('align', align);
    if (!this.#revive(slot)) {
      throw memoryLost('FreeList');
    }
    return size <= this.#blockSize ? slot.block : null;
  }

  /**
   * Takes a block back.
   *
   * @throws OffheapError `ERR_OFFHEAP_DOUBLE_FREE` for one that was given back before, `ERR_OFFHEAP_FOREIGN_BLOCK` for
   * everything else that is not a whole live block of this list.
   */
  free(block: NodeJS.ArrayBufferView): void {
    let slot: Slot;
    try {
      slot = Mark.slotOf(block);
    } catch {
      slot = this.#liveSlot(block);
    }
    if (slot.list !== this || !slot.live) {
      if (slot.list === this && slot.slab.lifetime.ended && !this.#disposed) {
        return; // it went with its slab
      }
      slot = this.#liveSlot(block);
    }
    if (slot.lifetime !== null) {
      slot.lifetime.end();
      slot.lifetime = null;
    }
    slot.live = false;
    slot.next = this.#free;
    this.#free = slot;
    this.#live--;
  }

  /** Whether memory lies in a block that is handed out. */
  owns(block: NodeJS.ArrayBufferView): boolean {
    if (typeof block === 'object' && (block as object | null) !== null && Mark.isOn(block)) {
      const slot = Mark.slotOf(block);
      if (slot.list === this && slot.live && slot.block.length === this.#blockSize && !slot.slab.lifetime.ended) {
        return true;
      }
    }
    return this.#ownsSlow(block);
  }

  #ownsSlow(block: NodeJS.ArrayBufferView): boolean {
    this.#checkOpen();
    const slot = this.#slotAround(block);
    return slot !== null && slot.live && this.#revive(slot);
  }

  /** Whether memory lies in a block that is not handed out. */
  wasFreed(block: NodeJS.ArrayBufferView): boolean {
    const slot = this.#slotAround(block);
    return slot !== null && !slot.live;
  }

  /** How long the memory of a block lasts: until it is freed, or the source gives it up. */
  lifetimeOf(block: NodeJS.ArrayBufferView): BlockLifetime {
    const slot = this.#liveSlot(block);
    return (slot.lifetime ??= slot.slab.lifetime.branch()).token;
  }

  #liveSlot(block: NodeJS.ArrayBufferView): Slot {
    this.#checkOpen();
    const slot = this.#slotAround(block);
    // The Buffer of a block whose ArrayBuffer was taken away has no length any more.
    const isWhole = slot !== null && (block.byteLength === this.#blockSize || slot.isOf(block));
    if (!isWhole) {
      throw foreignBlock('this FreeList', block);
    }
    if (!slot.live) {
      throw slot.slab.lifetime.ended ? memoryLost('FreeList') : doubleFree('the FreeList');
    }
    return slot;
  }

  /** The slot that memory lies in, whatever Buffer it is seen through. */
  #slotAround(block: NodeJS.ArrayBufferView): Slot | null {
    if (typeof block === 'object' && (block as object | null) !== null && Mark.isOn(block)) {
      const slot = Mark.slotOf(block);
      if (slot.list === this) {
        return slot;
      }
    }
    const range = rangeOf(block);
    const { byteLength, byteOffset } = range;
    this.#sweep();
    const slab = this.#slabs.find(range);
    const slot = slab?.slots[Math.floor((byteOffset - slab.start) / this.#stride)];
    return slot !== undefined && byteOffset + byteLength <= slot.offset + this.#blockSize ? slot : null;
  }

  /** Bytes of each block. */
  get blockSize(): number {
    return this.#blockSize;
  }

  /** How many blocks there are, handed out or not. */
  get count(): number {
    this.#checkOpen();
    this.#sweep();
    return this.#total;
  }

  /** How many blocks are handed out. */
  get live(): number {
    this.#checkOpen();
    this.#sweep();
    return this.#live;
  }

  /**
   * Gives the memory of all blocks back to the source, of those that are handed out as well. Idempotent; everything else throws
   * `ERR_OFFHEAP_DISPOSED` afterwards.
   */
  dispose(): void {
    if (this.#disposed) {
      return;
    }
    this.#sweep();
    const free = this.#free;
    this.#disposed = true; // before anything of the source's runs
    this.#free = null;
    try {
      // The last one first, for a source that makes room only of its last block.
      for (const slab of this.#slabs.all().reverse()) {
        slab.giveBack(this.#source);
      }
    } catch (error) {
      this.#disposed = false;
      this.#free = free; // those that went with their slab are passed over
      throw error;
    } finally {
      this.#forget(this.#slabs.removeEnded());
    }
    this.#fresh.length = 0;
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkOpen(): void {
    if (this.#disposed) {
      throw disposed('FreeList');
    }
  }

  [inspect.custom](): string {
    if (this.#disposed) {
      return 'FreeList { disposed }';
    }
    return `FreeList { blockSize: ${formatBytes(this.#blockSize)}, live: ${this.#live}, count: ${this.#total} }`;
  }
}
