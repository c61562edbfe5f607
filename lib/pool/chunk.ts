import { OffheapSystemError } from '../errors';
import { CAN_DETACH, isDetached, transfer } from '../memory/detach';
import { LazyRegion } from '../memory/lazy-region';
import { Kind } from '../native/contract';
import { alignDown, alignUp } from '../sizes';
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
  #coldCount = 0;
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
    try {
      if (!region.grow(capacity)) {
        throw new OffheapSystemError(ENOMEM, 'commit', `no memory for ${capacity} bytes of a pool`);
      }
    } catch (error) {
      region.dispose();
      throw error;
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

  /** Of how many blocks the memory has been given back. */
  get coldCount(): number {
    return this.#coldCount;
  }

  /** Whether that is so of all that were ever handed out. */
  get isCold(): boolean {
    return this.#coldCount === this.slots.length;
  }

  warm(slot: Slot): void {
    slot.cold = false;
    this.#coldCount--;
  }

  /**
   * Gives physical memory of blocks back to the system, in whole pages: what shares a page with a block that is not cold stays as it is.
   *
   * @param slots Of this chunk, that wait.
   * @returns Those that became cold.
   */
  chill(slots: Slot[]): Slot[] {
    const { blockSize } = this.sizeClass;
    const { pageSize } = this.region;
    const chilled: Slot[] = [];
    slots.sort((a, b) => a.offset - b.offset);
    for (let first = 0, next = 1; first < slots.length; first = next++) {
      while (next < slots.length && slots[next]!.offset === slots[next - 1]!.offset + blockSize) {
        next++;
      }
      const run = slots.slice(first, next);
      const from = alignUp(this.#coldFrom(run[0]!.offset), pageSize);
      const end = this.#coldUpTo(run.at(-1)!.offset);
      const to = end === this.capacity ? alignUp(end, pageSize) : alignDown(end, pageSize);
      if (from < to) {
        this.region.discardBetween(from, to);
      }
      for (const slot of run) {
        if (slot.offset >= from && slot.offset + blockSize <= to) {
          slot.cold = true;
          this.#coldCount++;
          chilled.push(slot);
        }
      }
    }
    return chilled;
  }

  // A page is given back once all blocks that it has a part of are cold, whichever became so last.

  #coldFrom(offset: number): number {
    const { blockSize } = this.sizeClass;
    let from = offset;
    while (from % this.region.pageSize !== 0 && this.slots[from / blockSize - 1]?.cold === true) {
      from -= blockSize;
    }
    return from;
  }

  #coldUpTo(offset: number): number {
    const { blockSize } = this.sizeClass;
    let to = offset + blockSize;
    while (to % this.region.pageSize !== 0 && this.slots[to / blockSize]?.cold === true) {
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
