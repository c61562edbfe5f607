import { isMainThread } from 'node:worker_threads';

import { type Addon, type Kind, type NativeReservation } from '../native/contract';
import { loadAddon } from '../native/load';
import { alignUp } from '../sizes';
import { CAN_DETACH, end, isDetached, moveOn } from './detach';
import { checkExposed, commitMore, noRoom, STEP } from './growth';
import { checkCapacity, type Region } from './region';

/**
 * Whether `reset` may move the exposure on to another ArrayBuffer, which is many times cheaper than to end it and make
 * another one. A worker's must not move: the addon has to tell at the worker's end whether they are still attached.
 */
const MOVES = CAN_DETACH && isMainThread;

/** A region over reserved addresses, committed as it is needed and exposed as external ArrayBuffers. */
export class LazyRegion implements Region {
  readonly capacity: number;
  readonly keepsContents = true;
  readonly dirty = 0;
  readonly #addon: Addon;
  readonly #native: NativeReservation;
  /** What commits are a multiple of, in bytes. */
  readonly #step: number;
  /** What `buffer` is while nothing is exposed; a region's own, so that empty blocks on it are known. */
  #empty = new ArrayBuffer(0);

  #committed = 0;
  #buffer: ArrayBuffer = this.#empty;
  /** The shorter exposures of this round. Held, for one that was collected might have been taken away before. */
  #older: ArrayBuffer[] = [];
  /** An exposure of this round was taken away, and whoever has it shares our memory until the next renew. */
  #stolen = false;
  /** What the last round needed, in bytes: how much to expose at first in this one. 0 in the first round. */
  #needed = 0;

  /**
   * Reserves `capacity` bytes of addresses, and no memory.
   *
   * @param step Bytes by which it grows at least.
   */
  constructor(capacity: number, kind: Kind, step = STEP) {
    checkCapacity(capacity);
    this.#addon = loadAddon();
    const native = this.#addon.reserve(capacity, kind);
    if (typeof native === 'number') {
      throw noRoom(this.#addon, native, 'reserve', capacity);
    }
    this.capacity = capacity;
    this.#native = native;
    this.#step = step;
  }

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  get committed(): number {
    return this.#committed;
  }

  grow(end: number): boolean {
    if (end > this.#committed && !this.#commit(end)) {
      return false;
    }
    if (this.#buffer === this.#empty && isDetached(this.#empty)) {
      this.#buffer = this.#empty = new ArrayBuffer(0);
    }
    const exposed = this.#buffer.byteLength;
    if (exposed < end) {
      // In the first round all that is committed; in later ones what the last one needed, then twice as much.
      this.#expose(Math.max(end, this.#needed === 0 ? this.#committed : Math.max(this.#needed, 2 * exposed)));
    }
    return true;
  }

  #commit(end: number): boolean {
    const { capacity } = this;
    this.#committed = commitMore(this.#addon, this.#native, {
      committed: this.#committed,
      capacity,
      end,
      step: this.#step,
    });
    return end <= this.#committed;
  }

  #expose(length: number): void {
    const size = Math.min(alignUp(length, STEP), this.#committed, this.capacity);
    const buffer = checkExposed(this.#native.expose(size), size);
    if (this.#buffer !== this.#empty) {
      if (isDetached(this.#buffer)) {
        this.#stolen = true;
      } else {
        this.#older.push(this.#buffer);
      }
    }
    this.#buffer = buffer;
  }

  holds(buffer: ArrayBufferLike): boolean {
    return buffer === this.#buffer || buffer === this.#empty || this.#older.includes(buffer as ArrayBuffer);
  }

  reset(used: number): boolean {
    if (CAN_DETACH && !this.#shared() && this.#older.every(end)) {
      if (!MOVES) {
        if (end(this.#buffer)) {
          this.#startRound(used);
          return false;
        }
      } else {
        const moved = this.#buffer === this.#empty ? this.#empty : moveOn(this.#buffer);
        if (moved !== null) {
          this.#buffer = moved;
          this.#older = [];
          return false;
        }
      }
    }
    return this.renew(used, true);
  }

  renew(used: number, detach: boolean): boolean {
    const error = this.#native.renew();
    if (error !== 0) {
      throw noRoom(this.#addon, error, 'renew', this.capacity);
    }
    this.#committed = this.#native.committed();
    if (detach && CAN_DETACH) {
      // One that cannot be detached has memory of its own now, as after any renew.
      this.#older.forEach(end);
      end(this.#buffer);
    }
    this.#startRound(used);
    return false;
  }

  /** Whether somebody else has memory of this round in an ArrayBuffer that we cannot detach. */
  #shared(): boolean {
    return this.#stolen || isDetached(this.#buffer) || this.#older.some(isDetached);
  }

  #startRound(used: number): void {
    this.#buffer = this.#empty;
    this.#older = [];
    this.#stolen = false;
    this.#needed = Math.max(used, 1);
  }

  discard(from: number): number {
    const { discardZeroes, pageSize } = this.#addon.system;
    // What others have too, they may write to again.
    if (this.#native.discard(from, this.#committed) !== 0 || !discardZeroes || this.#shared()) {
      return Infinity;
    }
    return alignUp(from, pageSize);
  }

  /** Bytes. */
  get pageSize(): number {
    return this.#addon.system.pageSize;
  }

  /** Gives physical memory between two offsets back, as far as it is whole pages of what is committed. */
  discardBetween(from: number, to: number): void {
    this.#native.discard(from, to);
  }

  /** Bytes of physical memory behind what is committed. */
  resident(): number {
    return Math.max(0, this.#native.resident());
  }

  describe(): Record<string, number> {
    return { committed: this.#committed, resident: this.resident() };
  }

  dispose(): void {
    this.#native.dispose();
    this.#startRound(0);
    this.#committed = 0;
  }
}
