import { type Addon, type Kind, type NativeReservation } from '../native/contract';
import { loadAddon } from '../native/load';
import { alignUp } from '../sizes';
import { checkExposed, commitMore, noRoom, STEP } from './growth';
import { checkCapacity } from './region';

/**
 * Memory that serves one user after the other, each in a part of its own: the next part begins where the last one ended. So what
 * still runs on a part that was left, and whoever still has a view on it, meets nobody. Only when the window is used up
 * are all its parts vacated at once, by moving their memory on to other addresses, and the next one begins at 0.
 */
export class Window {
  /** The most bytes that one part can have. */
  readonly capacity: number;
  readonly #addon: Addon;
  readonly #native: NativeReservation;
  /** Bytes reserved: wherever in the window a part begins, it has room for `capacity`. */
  readonly #reserved: number;
  #committed = 0;
  /** Where the next part begins. */
  #next = 0;
  /** Memory from here on is known to be zero. */
  #dirty = 0;
  #renews = 0;

  /**
   * Reserves addresses, and no memory.
   *
   * @param length How far the window may be used at most before it is renewed, in bytes.
   * @throws OffheapError `ERR_OFFHEAP_TOO_LARGE`, `ERR_OFFHEAP_OS` or `ERR_OFFHEAP_ADDON`
   */
  constructor(capacity: number, length: number, kind: Kind) {
    checkCapacity(capacity);
    this.#addon = loadAddon();
    this.capacity = capacity;
    this.#reserved = alignUp(capacity, this.pageSize) + alignUp(length, this.pageSize);
    const native = this.#addon.reserve(this.#reserved, kind);
    if (typeof native === 'number') {
      throw noRoom(this.#addon, native, 'reserve', this.#reserved);
    }
    this.#native = native;
  }

  get pageSize(): number {
    return this.#addon.system.pageSize;
  }

  /** Bytes of addresses. */
  get reserved(): number {
    return this.#reserved;
  }

  get committed(): number {
    return this.#committed;
  }

  /** Memory from this offset on is known to be zero. */
  get dirty(): number {
    return this.#dirty;
  }

  /** How many times it was used up. */
  get renews(): number {
    return this.#renews;
  }

  /** Bytes of physical memory. Asks the system. */
  resident(): number {
    return Math.max(0, this.#native.resident());
  }

  /**
   * Answers where a part begins that is to have `size` bytes at first: at 0 where what was used before is not within `length`.
   * When the system refuses other memory, it begins behind the last part all the same, as long as there is room.
   */
  begin(size: number, length: number): number {
    if (this.#next > 0 && this.#next + size > length && this.#native.renew() === 0) {
      this.#committed = this.#native.committed();
      this.#next = 0;
      this.#renews++;
    }
    return this.#next;
  }

  /** Makes what lies below `end` usable. False where the system has no more, or the addresses end. */
  commit(end: number): boolean {
    if (end > this.#committed && end <= this.#reserved) {
      this.#committed = commitMore(this.#addon, this.#native, {
        committed: this.#committed,
        capacity: this.#reserved,
        end,
        step: STEP,
      });
    }
    return end <= this.#committed;
  }

  /** An ArrayBuffer over what lies between two offsets. */
  expose(from: number, to: number): ArrayBuffer {
    return checkExposed(this.#native.exposePart(from, to), to - from);
  }

  /** Notes that what lies below `end` may have been written to, and that the next part begins at `next`. */
  leave(end: number, next: number): void {
    this.#dirty = Math.max(this.#dirty, end);
    this.#next = next;
  }

  /** Gives physical memory above `from` back; answers whether it reads as zero since. */
  discard(from: number): boolean {
    return this.#native.discard(from, this.#committed) === 0 && this.#addon.system.discardZeroes;
  }

  /** Views that are left stay valid, and read zero. */
  dispose(): void {
    this.#native.dispose();
    this.#committed = 0;
  }
}
