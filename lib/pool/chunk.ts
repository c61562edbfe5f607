import { OffheapSystemError } from '../errors';
import { CAN_DETACH, isDetached, transfer } from '../memory/detach';
import { LazyRegion } from '../memory/lazy-region';
import { Kind } from '../native/contract';
import { KiB } from '../sizes';
import type { SizeClass } from './size-class';
import { Slot } from './slot';

/** A run of blocks of one size class: reserved, committed and exposed at once, and backed as they are touched. */
export class Chunk {
  readonly sizeClass: SizeClass;
  /** Bytes. */
  readonly capacity: number;
  readonly region: LazyRegion;
  readonly buffer: ArrayBuffer;
  /** Of the blocks that were ever handed out, from the first on. */
  readonly slots: Slot[] = [];
  /** The pages are those of one block alone, which is handed out once. */
  readonly isPrivate: boolean;
  readonly #count: number;
  /**
   * No block of it is handed out any more: somebody may see memory of it that the pool has not been given back, because a
   * Buffer was lost, or the ArrayBuffer taken away.
   */
  condemned = false;

  /** @throws OffheapSystemError where the system has no room. */
  private constructor(sizeClass: SizeClass, count: number, isPrivate: boolean) {
    this.sizeClass = sizeClass;
    this.isPrivate = isPrivate;
    this.#count = count;
    this.capacity = count * sizeClass.blockSize;
    this.region = new LazyRegion(this.capacity, Kind.pool);
    const { region, capacity } = this;
    if (!region.grow(capacity)) {
      region.dispose();
      throw new OffheapSystemError(ENOMEM, 'commit', `no memory for ${capacity} bytes of a pool`);
    }
    this.buffer = region.buffer;
  }

  /** `null` where the system has no room. */
  static create(sizeClass: SizeClass, count: number, isPrivate = false): Chunk | null {
    try {
      return new Chunk(sizeClass, count, isPrivate);
    } catch (error) {
      if (error instanceof OffheapSystemError) {
        return null;
      }
      throw error;
    }
  }

  /** Whether somebody has taken the ArrayBuffer away. */
  get stolen(): boolean {
    return isDetached(this.buffer);
  }

  /** The slot of a block that was never handed out; `null` where there is none any more. */
  nextSlot(): Slot | null {
    const { slots } = this;
    if (slots.length === this.#count) {
      return null;
    }
    const slot = new Slot(this.sizeClass.pool, this, slots.length * this.sizeClass.blockSize);
    slots.push(slot);
    return slot;
  }

  /** Whether there are blocks that were never handed out. */
  get hasFresh(): boolean {
    return this.slots.length < this.#count;
  }

  /**
   * Gives physical memory of blocks back to the system, in whole pages.
   *
   * @param slots Cold ones, in ascending order.
   */
  discard(slots: readonly Slot[]): void {
    const { blockSize } = this.sizeClass;
    for (let first = 0, next = 1; first < slots.length; first = next++) {
      while (next < slots.length && slots[next]!.offset === slots[next - 1]!.offset + blockSize) {
        next++;
      }
      this.region.discardBetween(this.#coldFrom(slots[first]!.offset), this.#coldUpTo(slots[next - 1]!.offset));
    }
  }

  // A page is given back once all blocks that it has a part of are cold, whichever became so last.

  #coldFrom(offset: number): number {
    const { blockSize } = this.sizeClass;
    let from = offset;
    while (from % PAGE_AT_MOST !== 0 && this.slots[from / blockSize - 1]?.cold === true) {
      from -= blockSize;
    }
    return from;
  }

  #coldUpTo(offset: number): number {
    const { blockSize } = this.sizeClass;
    let to = offset + blockSize;
    while (to % PAGE_AT_MOST !== 0 && this.slots[to / blockSize]?.cold === true) {
      to += blockSize;
    }
    return this.slots[to / blockSize] === undefined ? this.capacity : to;
  }

  /**
   * Ends the memory of a private chunk, whose Buffer is then empty. Where that cannot be done safely, nobody else gets it, and the Buffer
   * keeps what is in it.
   */
  end(): void {
    if (CAN_DETACH && transfer(this.buffer, 0) !== null) {
      this.region.dispose();
    }
  }
}

const ENOMEM = 12;

/** No system has larger pages, in bytes. */
const PAGE_AT_MOST = 64 * KiB;
