import { channel } from 'node:diagnostics_channel';

import { MiB } from '../sizes';
import type { Chunk } from './chunk';
import { later } from './later';
import { SizeClass } from './size-class';
import { CLASS_COUNT, sizeOfClass } from './size-classes';
import type { Slot } from './slot';

/** What is published on `offheap:trim` when a pool has given memory back to the system. */
export interface TrimMessage {
  /** The name of the pool. */
  readonly pool: string;
  readonly bytes: number;
}

/** How much goes back to the system at once, at least, in bytes: a few milliseconds' work. */
const SLICE = 16 * MiB;
/** How many milliseconds lie between one slice and the next. */
const PAUSE = 10;

/** The memory of a pool: who gets it, how much there may be, and when it goes back. */
export class PoolMemory {
  readonly classes: readonly SizeClass[];
  readonly #name: string;
  readonly #maxBytes: number;
  readonly #idleMs: number;
  readonly #onOld: (slot: Slot) => void;
  /** Bytes in blocks that callers have, and in those that wait, warm. */
  #held = 0;
  #timer: NodeJS.Timeout | null = null;
  #sliceTimer: NodeJS.Timeout | null = null;
  /** Bytes given back that nobody has been told of. */
  #unsaid = 0;
  /** Bytes that go back at once. */
  #slice = SLICE;

  /** @param onOld Called for a block that one Buffer has had between two looks around. */
  constructor(
    pool: object,
    { name, maxBytes, idleMs }: { name: string; maxBytes: number; idleMs: number },
    onOld: (slot: Slot) => void,
  ) {
    this.classes = Array.from({ length: CLASS_COUNT }, (_, index) => new SizeClass(pool, sizeOfClass(index)));
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#idleMs = idleMs;
    this.#onOld = onOld;
  }

  /**
   * A block that is not warm; `null` where there is no room.
   *
   * @param isPrivate On pages of its own.
   */
  take(sizeClass: SizeClass, isPrivate: boolean): Slot | null {
    const { blockSize } = sizeClass;
    if (!this.#makeRoom(sizeClass)) {
      return null;
    }
    const find = (): Slot | null => (isPrivate ? sizeClass.takePrivate() : sizeClass.takeCold());
    const slot = find() ?? (this.trim() > 0 ? find() : null);
    if (slot !== null) {
      this.#held += blockSize;
      this.#watchTime();
    }
    return slot;
  }

  /** Lets other classes give back what they do not need, until there is room for a block; false where all is needed. */
  #makeRoom(wanted: SizeClass): boolean {
    const size = wanted.blockSize;
    if (this.#held + size <= this.#maxBytes) {
      return true;
    }
    const cached = this.classes.filter((sizeClass) => sizeClass.free.length > 0 && sizeClass !== wanted);
    if (this.#held + size - cached.reduce((sum, sizeClass) => sum + sizeClass.cached, 0) > this.#maxBytes) {
      return false;
    }
    for (const sizeClass of cached.sort((a, b) => b.cached - a.cached)) {
      const missing = this.#held + size - this.#maxBytes;
      if (missing <= 0) {
        break;
      }
      this.#giveBack(sizeClass, Math.ceil(missing / sizeClass.blockSize));
    }
    return true;
  }

  #giveBack(sizeClass: SizeClass, count: number): number {
    const bytes = sizeClass.giveBack(count);
    this.#held -= bytes;
    if (bytes > 0 && trims.hasSubscribers) {
      if (this.#unsaid === 0) {
        // Not now: whoever hears of it may use the pool, which is in the middle of something.
        queueMicrotask(() => {
          const message: TrimMessage = { pool: this.#name, bytes: this.#unsaid };
          this.#unsaid = 0;
          trims.publish(message);
        });
      }
      this.#unsaid += bytes;
    }
    return bytes;
  }

  /** Gives back all that waits, and answers how many bytes that was. */
  trim(): number {
    return this.classes.reduce((sum, sizeClass) => sum + this.#giveBack(sizeClass, sizeClass.free.length), 0);
  }

  /** A block is not the pool's to hand out any more. */
  drop(sizeClass: SizeClass): void {
    this.#held -= sizeClass.blockSize;
  }

  /** Hands nothing of a chunk out any more. */
  condemn(chunk: Chunk): void {
    this.#held -= chunk.sizeClass.condemn(chunk) * chunk.sizeClass.blockSize;
  }

  // --- What nobody needs ------------------------------------------------------------------------------------------

  /** Looks around twice in `idleMs`, as long as there is something to see. The timer keeps neither the process nor the pool alive. */
  #watchTime(): void {
    if (this.#timer === null && this.#idleMs !== Infinity) {
      this.#timer = later(this, this.#idleMs / 2, (memory) => {
        memory.#lookAround();
      });
    }
  }

  #lookAround(): void {
    this.#timer = null;
    let due = 0;
    for (const sizeClass of this.classes) {
      this.#findOld(sizeClass);
      // What was not needed in the last two periods is idle for between two and three of them.
      sizeClass.due = Math.min(sizeClass.low, sizeClass.lastLow);
      sizeClass.lastLow = sizeClass.low;
      sizeClass.low = sizeClass.free.length;
      due += sizeClass.due * sizeClass.blockSize;
    }
    this.#slice = Math.max(SLICE, (due * PAUSE * 4) / this.#idleMs); // so that it is done after half a period
    this.#giveBackSlice();
    if (this.#held > 0) {
      this.#watchTime();
    }
  }

  #findOld({ chunks }: SizeClass): void {
    for (const { slots } of chunks) {
      for (const slot of slots) {
        if (slot.held !== null && slot.held === slot.seen) {
          this.#onOld(slot);
        } else {
          slot.seen = slot.held;
        }
      }
    }
  }

  /** Gives idle memory back a slice at a time: a GiB at once would stop the event loop for a tenth of a second. */
  #giveBackSlice(): void {
    this.#sliceTimer = null;
    let left = this.#slice;
    for (const sizeClass of this.classes) {
      sizeClass.due = Math.min(sizeClass.due, sizeClass.low); // what has been needed since then is not idle
      if (left > 0) {
        left -= this.#giveBack(sizeClass, Math.min(sizeClass.due, Math.ceil(left / sizeClass.blockSize)));
      }
    }
    if (left <= 0 && this.classes.some(({ due }) => due > 0)) {
      this.#sliceTimer = later(this, PAUSE, (memory) => {
        memory.#giveBackSlice();
      });
    }
  }

  dispose(): void {
    clearTimeout(this.#timer ?? undefined);
    clearTimeout(this.#sliceTimer ?? undefined);
    for (const sizeClass of this.classes) {
      sizeClass.dispose();
    }
    this.#held = 0;
  }
}

const trims = channel('offheap:trim');
