import { inspect } from 'node:util';

import { checkOptions, markAsUncloneable } from '../arguments';
import { OffheapError, outOfRange } from '../errors';
import { Returned } from '../layout/returned';
import { BlockBuffer } from '../memory/buffer-view';
import { type BlockLifetime, type Lifetime, lifetimeOf } from '../memory/lifetime';
import { alignUp, checkAlign, checkSize, formatBytes, isAlign, KiB } from '../sizes';
import type { Allocator, BlockOwner } from './allocator';
import { allocFrom, checkAllocator, checkView, disposed, doubleFree, foreignBlock, memoryLost } from './checks';

const validAlign = isAlign;

const CACHE_LINE = 64;

export interface FreeListOptions {
  /** Bytes of each block, from 1. Default: 1,024. */
  blockSize?: number;
  /** How many blocks are taken from the source at once, as one slab, from 1. Default: 64. */
  count?: number;
  /**
   * How many blocks there can be: more than `count` let the list grow, by a slab whenever it is exhausted. `Infinity` leaves
   * the limit to the source. Default: `count`.
   */
  maxCount?: number;
  /** Bytes, a power of two. Default: the largest up to 64 that `blockSize` can be divided by, so that nothing is lost. */
  align?: number;
}

/** A run of blocks from the source. */
class Slab {
  readonly block: Buffer;
  readonly lifetime: Lifetime;
  readonly slots: Slot[] = [];

  constructor(block: Buffer, lifetime: Lifetime) {
    this.block = block;
    this.lifetime = lifetime;
  }
}

/** The place of one block. */
class Slot {
  readonly list: FreeList;
  readonly slab: Slab;
  /** In the ArrayBuffer. */
  readonly offset: number;
  block!: Buffer;
  live = false;
  /** Of the block that is live, where somebody has asked for it. */
  lifetime: Lifetime | null = null;
  /** The free slot below this one. */
  next: Slot | null = null;

  constructor(list: FreeList, slab: Slab, offset: number) {
    this.list = list;
    this.slab = slab;
    this.offset = offset;
  }
}

/** What a Buffer carries that was made here: its slot, which nobody else can read or forge. */
class Mark extends Returned {
  readonly #slot: Slot;

  constructor(block: Buffer, slot: Slot) {
    super(block);
    this.#slot = slot;
  }

  /** Throws for what carries none: the fastest way for a block that does. */
  static slotOf(block: object): Slot {
    return (block as Mark).#slot;
  }

  static isOn(block: object): boolean {
    return #slot in block;
  }
}

/**
 * Blocks of one size, handed out and taken back in any order, each in constant time. It hands out the same Buffer objects
 * again and again, and makes no garbage.
 *
 * Exhausted, it answers `null`, and so it does for more than a block has. A block that comes back twice, or is not its own,
 * is always found out.
 */
export class FreeList implements BlockOwner {
  readonly #source: Allocator;
  readonly #blockSize: number;
  readonly #align: number;
  readonly #count: number;
  readonly #maxCount: number;
  /** By the ArrayBuffers that they lie in. */
  readonly #slabs = new Map<ArrayBufferLike, Slab[]>();
  #free: Slot | null = null;
  #live = 0;
  /** How many slots there are. */
  #slots = 0;
  #disposed = false;

  /**
   * @param source Gives the slabs, and gets them back by `dispose()`.
   * @throws OffheapError `ERR_OFFHEAP_FULL` where it has no room for the first one.
   */
  constructor(source: Allocator, options: FreeListOptions = {}) {
    checkAllocator('source', source);
    const { blockSize = 1 * KiB, count = 64 } = checkOptions(options);
    const { maxCount = count } = options;
    checkPositive('options.blockSize', blockSize);
    checkPositive('options.count', count);
    if (maxCount !== Infinity) {
      checkSize('options.maxCount', maxCount);
    }
    if (maxCount < count) {
      throw outOfRange('options.maxCount', `>= ${count}, the count`, maxCount);
    }
    const { align = naturalAlign(blockSize) } = options;
    checkAlign('options.align', align);
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
    const count = Math.min(this.#count, this.#maxCount - this.#slots);
    const size = this.#stride * count;
    const block = count > 0 && Number.isSafeInteger(size) ? allocFrom(this.#source, size, this.#align) : null;
    if (block === null) {
      return false;
    }
    const slab = new Slab(block, lifetimeOf(this.#source, block).branch());
    for (let i = 0; i < count; i++) {
      slab.slots.push(new Slot(this, slab, block.byteOffset + i * this.#stride));
    }
    for (const slot of slab.slots.toReversed()) {
      this.#makeBlock(slot, block.buffer);
      slot.next = this.#free;
      this.#free = slot;
    }
    this.#slots += count;
    return true;
  }

  /** Makes the Buffer that a slot hands out. */
  #makeBlock(slot: Slot, buffer: ArrayBufferLike): void {
    slot.block = new BlockBuffer(buffer, slot.offset, this.#blockSize);
    new Mark(slot.block, slot);
    const slabs = this.#slabs.get(buffer) ?? [];
    if (!slabs.includes(slot.slab)) {
      this.#slabs.set(buffer, [...slabs, slot.slab]);
    }
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
      size >= 0 &&
      size <= this.#blockSize &&
      Number.isInteger(size) &&
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
    if (size > this.#blockSize || align > this.#align || (this.#free === null && !this.#grow())) {
      return null;
    }
    this.#revive(this.#free!);
    return this.alloc(size, align);
  }

  /** Makes sure that a slot's memory is there, and its Buffer on it. */
  #revive(slot: Slot): void {
    const { lifetime } = slot.slab;
    if (lifetime.ended || slot.block.length === 0) {
      // Somebody has taken the ArrayBuffer away; perhaps the memory is still there.
      if (!lifetime.refresh(slot.offset + this.#blockSize)) {
        throw memoryLost('FreeList');
      }
      this.#makeBlock(slot, lifetime.buffer);
    }
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
    this.#revive(slot);
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
      slot = this.#liveSlot(block);
    }
    slot.live = false;
    slot.next = this.#free;
    this.#free = slot;
    this.#live--;
    if (slot.lifetime !== null) {
      slot.lifetime.end();
      slot.lifetime = null;
    }
  }

  /** Whether memory lies in a block that is handed out. */
  owns(block: NodeJS.ArrayBufferView): boolean {
    this.#checkOpen();
    const slot = this.#slotAround(block);
    return slot !== null && slot.list === this && slot.live && !slot.slab.lifetime.ended;
  }

  /** How long the memory of a block lasts: until it is freed, or the source gives it up. */
  lifetimeOf(block: NodeJS.ArrayBufferView): BlockLifetime {
    const slot = this.#liveSlot(block);
    return (slot.lifetime ??= slot.slab.lifetime.branch());
  }

  #liveSlot(block: NodeJS.ArrayBufferView): Slot {
    this.#checkOpen();
    const slot = this.#slotAround(block);
    const isWhole = slot !== null && (block.byteLength === this.#blockSize || Mark.isOn(block));
    if (!isWhole || slot.list !== this) {
      throw foreignBlock('this FreeList', block);
    }
    if (!slot.live) {
      throw doubleFree('the FreeList');
    }
    return slot;
  }

  /** The slot that memory lies in, whatever Buffer it is seen through. */
  #slotAround(block: NodeJS.ArrayBufferView): Slot | null {
    checkView(block);
    if (Mark.isOn(block)) {
      return Mark.slotOf(block);
    }
    const { buffer, byteLength, byteOffset } = block;
    for (const { slots } of this.#slabs.get(buffer) ?? []) {
      const slot = slots[Math.floor((byteOffset - slots[0]!.offset) / this.#stride)];
      if (slot !== undefined && byteOffset + byteLength <= slot.offset + this.#blockSize) {
        return slot;
      }
    }
    return null;
  }

  /** Bytes of each block. */
  get blockSize(): number {
    return this.#blockSize;
  }

  /** How many blocks there are, handed out or not. */
  get count(): number {
    this.#checkOpen();
    return this.#slots;
  }

  /** How many blocks are handed out. */
  get live(): number {
    this.#checkOpen();
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
    // The last one first, for a source that makes room only of its last block.
    for (const { block, lifetime, slots } of [...new Set([...this.#slabs.values()].flat())].reverse()) {
      if (!lifetime.ended) {
        this.#source.free(block);
        lifetime.end();
      }
      for (const slot of slots) {
        slot.live = false;
      }
    }
    this.#disposed = true;
    this.#free = null;
    this.#slabs.clear();
  }

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
    return `FreeList { blockSize: ${formatBytes(this.#blockSize)}, live: ${this.#live}, count: ${this.#slots} }`;
  }
}

/** The largest power of two, up to a cache line, that a size can be divided by. */
function naturalAlign(size: number): number {
  let align = 1;
  while (align < CACHE_LINE && size % (2 * align) === 0) {
    align *= 2;
  }
  return align;
}

function checkPositive(name: string, value: unknown): void {
  checkSize(name, value);
  if (value === 0) {
    throw outOfRange(name, 'an integer >= 1', value);
  }
}
