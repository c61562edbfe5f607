import { channel } from 'node:diagnostics_channel';

import { KiB, MiB } from '../sizes';
import type { Chunk } from './chunk';
import { checkPoison } from './guard';
import { later } from '../later';
import type { BufferPoolOptions } from './pool-options';
import { SizeClass } from './size-class';
import { CLASS_COUNT, sizeOfClass } from './size-classes';
import type { Slot } from './slot';

/** How many milliseconds lie between two looks for Buffers that are in use for long, at most. */
const LOOK = 5000;
/** How many blocks are looked at in one go. */
const LOOKS = 20_000;

/** What is published on `offheap:trim` when a pool has given memory back to the system. */
export interface TrimMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** How many went back to the system. */
  readonly bytes: number;
}

/** How much goes back to the system at once, at least, in bytes: a few milliseconds' work. */
const SLICE = 16 * MiB;
/** How much one class gives back for another one at least, in bytes, since to give back costs by the call, too. */
const BATCH = 256 * KiB;
/** How many milliseconds lie between one slice and the next. */
const PAUSE = 10;

/** The memory of a pool: who gets it, how much there may be, and when it goes back. */
export class PoolMemory {
  readonly classes: readonly SizeClass[];
  readonly #name: string;
  readonly #maxBytes: number;
  readonly #idleMs: number;
  readonly #guard: boolean;
  readonly #onOld: (slot: Slot) => void;
  /** Bytes in blocks that callers have, and in those that wait, warm. */
  #held = 0;
  #idleTimer: NodeJS.Timeout | null = null;
  #sliceTimer: NodeJS.Timeout | null = null;
  #oldTimer: NodeJS.Timeout | null = null;
  /** When to ask others for memory again. */
  #stuckUntil = 0;
  /** Bytes given back that nobody has been told of. */
  #unsaid = 0;
  /** Bytes that go back at once. */
  #slice = SLICE;

  /** @param onOld Called for a block that one Buffer has had between two looks around. */
  constructor(
    pool: object,
    { name, maxBytes, idleMs, guard }: Pick<Required<BufferPoolOptions>, 'name' | 'maxBytes' | 'idleMs' | 'guard'>,
    onOld: (slot: Slot) => void,
  ) {
    this.classes = Array.from({ length: CLASS_COUNT }, (_, index) => new SizeClass(pool, sizeOfClass(index)));
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#idleMs = idleMs;
    this.#guard = guard;
    this.#onOld = onOld;
  }

  /**
   * A block that is not warm; `null` where there is no room.
   *
   * @param isPrivate On pages of its own.
   */
  take(sizeClass: SizeClass, isPrivate: boolean): Slot | null {
    const { blockSize } = sizeClass;
    const missing = this.#held + blockSize - this.#maxBytes;
    if (missing > 0 && !this.#makeRoom(missing, sizeClass)) {
      return null;
    }
    const find = (): Slot | null => (isPrivate ? sizeClass.takePrivate() : sizeClass.takeCold());
    // Where the system refuses, it may be because of what others do not need.
    const slot = find() ?? (this.#makeRoom(blockSize, sizeClass) ? find() : null);
    if (slot !== null) {
      this.#held += blockSize;
      this.#watchTime();
    }
    return slot;
  }

  /** Lets other classes give back at least so many bytes that they do not need; false where they need all. */
  #makeRoom(bytes: number, wanted: SizeClass): boolean {
    const others = this.classes.filter((sizeClass) => sizeClass.free.length > 0 && sizeClass !== wanted);
    if (others.reduce((sum, { cached }) => sum + cached, 0) < bytes || performance.now() < this.#stuckUntil) {
      return false;
    }
    let missing = bytes;
    for (const sizeClass of others.sort((a, b) => b.cached - a.cached)) {
      if (missing > 0) {
        missing -= this.#giveBack(sizeClass, Math.ceil(Math.max(missing, BATCH) / sizeClass.blockSize));
      }
    }
    if (missing > 0) {
      // What waits shares its pages with what is in use, and looking at it takes time.
      this.#stuckUntil = performance.now() + PAUSE;
    }
    return missing <= 0;
  }

  #giveBack(sizeClass: SizeClass, count: number): number {
    for (const slot of this.#guard ? sizeClass.free.slice(0, count) : []) {
      checkPoison(this.#name, slot);
    }
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
    if (chunk.condemned) {
      return;
    }
    this.#held -= chunk.sizeClass.condemn(chunk) * chunk.sizeClass.blockSize;
  }

  // --- What nobody needs ------------------------------------------------------------------------------------------

  /** Looks around as long as there is something to see. The timers keep alive neither the process nor the pool. */
  #watchTime(): void {
    if (this.#idleMs !== Infinity) {
      this.#idleTimer ??= later(this, this.#idleMs / 2, (memory) => {
        memory.#findIdle();
      });
    }
    this.#oldTimer ??= later(this, Math.min(this.#idleMs / 2, LOOK), (memory) => {
      memory.#findOld(memory.#allSlots());
    });
  }

  #findIdle(): void {
    this.#idleTimer = null;
    let due = 0;
    for (const sizeClass of this.classes) {
      // What was not needed in the last two periods is idle for between two and three of them.
      sizeClass.due = Math.min(sizeClass.low, sizeClass.lastLow);
      sizeClass.lastLow = sizeClass.low;
      sizeClass.low = sizeClass.free.length;
      due += sizeClass.due * sizeClass.blockSize;
    }
    this.#slice = Math.max(SLICE, (due * PAUSE * 4) / this.#idleMs); // so that it is done after half a period
    clearTimeout(this.#sliceTimer ?? undefined);
    this.#giveBackSlice();
    if (this.#held > 0) {
      this.#watchTime();
    }
  }

  /** Gives idle memory back a slice at a time: a GiB at once would stop the event loop for a tenth of a second. */
  #giveBackSlice(): void {
    this.#sliceTimer = null;
    let left = this.#slice;
    for (const sizeClass of this.classes) {
      sizeClass.due = Math.min(sizeClass.due, sizeClass.low); // what has been needed since then is not idle
      if (left > 0 && sizeClass.due > 0) {
        const count = Math.min(sizeClass.due, Math.ceil(left / sizeClass.blockSize));
        this.#giveBack(sizeClass, count);
        left -= count * sizeClass.blockSize;
      }
    }
    if (left <= 0 && this.classes.some(({ due }) => due > 0)) {
      this.#sliceTimer = later(this, PAUSE, (memory) => {
        memory.#giveBackSlice();
      });
    }
  }

  /** Tells of the blocks that one Buffer has had since the last time, some at a time. */
  #findOld(slots: Iterator<Slot, void>): void {
    for (let looks = 0; looks < LOOKS; looks++) {
      const { done, value: slot } = slots.next() as IteratorResult<Slot, undefined>;
      if (done === true) {
        this.#oldTimer = null;
        if (this.#held > 0 || this.classes.some(({ condemned }) => condemned.size > 0)) {
          this.#watchTime();
        }
        return;
      }
      if (slot.held !== null && slot.held === slot.seen) {
        looks += LOOKS / 1000; // it is that much more work
        this.#onOld(slot);
      } else {
        slot.seen = slot.held;
      }
    }
    this.#oldTimer = later(this, PAUSE, (memory) => {
      memory.#findOld(slots);
    });
  }

  *#allSlots(): Generator<Slot, void> {
    for (const { chunks, condemned } of this.classes) {
      for (const { slots } of chunks) {
        yield* slots;
      }
      for (const chunk of condemned) {
        yield* chunk.slots;
        if (!chunk.slots.some(({ live }) => live)) {
          condemned.delete(chunk);
        }
      }
    }
  }

  dispose(): void {
    for (const timer of [this.#idleTimer, this.#sliceTimer, this.#oldTimer]) {
      clearTimeout(timer ?? undefined);
    }
    for (const sizeClass of this.classes) {
      sizeClass.dispose();
    }
    this.#held = 0;
  }
}

const trims = channel('offheap:trim');
