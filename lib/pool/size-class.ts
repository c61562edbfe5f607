import { KiB, MiB } from '../sizes';
import { Chunk } from './chunk';
import type { Slot } from './slot';

/** A class gets at least this much memory at a time, or one block, in bytes. */
const LEAST_CHUNK = 64 * KiB;
/** And at most this much, or one block: making a larger ArrayBuffer may start a garbage collection. */
const LARGEST_CHUNK = 32 * MiB;
/** Between these, a part of what it has, so that little is committed that is not used. */
const GROWTH = 1 / 4;

/** The blocks of one length. */
export class SizeClass {
  readonly pool: object;
  /** Bytes. */
  readonly blockSize: number;
  /** Blocks that can be handed out again, warm; the last one first. */
  readonly free: Slot[] = [];
  /** The fewest that there were in `free` since the pool last looked around: the first ones, which nobody has needed. */
  low = 0;
  /** And the time before. */
  lastLow = 0;
  /** How many of the first ones in `free` have been idle for too long. */
  due = 0;
  /** Blocks in the pool's memory that somebody has. */
  live = 0;
  /** Bytes of them that were asked for. */
  asked = 0;
  /** How often a block was handed out, and how often it was not warm. */
  acquired = 0;
  misses = 0;
  readonly chunks = new Set<Chunk>();
  /** Those of which no block is handed out any more, as long as somebody has one. */
  readonly condemned = new Set<Chunk>();
  /** Blocks that were handed out once, and whose memory has been given back to the system. */
  #cold: Slot[] = [];
  /** The one with blocks that were never handed out. */
  #fresh: Chunk | null = null;

  constructor(pool: object, blockSize: number) {
    this.pool = pool;
    this.blockSize = blockSize;
  }

  /** Bytes in blocks that wait, warm. */
  get cached(): number {
    return this.free.length * this.blockSize;
  }

  /** A block that waits, warm. */
  takeWarm(): Slot | undefined {
    const { free } = this;
    const slot = free.pop();
    if (free.length < this.low) {
      this.low = free.length;
    }
    return slot;
  }

  /** A block that is not warm; `null` where the system has no memory. */
  takeCold(): Slot | null {
    const slot = this.#cold.pop();
    if (slot !== undefined) {
      slot.chunk!.warm(slot);
      return slot;
    }
    if (this.#fresh === null) {
      this.#fresh = this.#grow();
      if (this.#fresh === null) {
        return null;
      }
    }
    const fresh = this.#fresh.nextSlot()!;
    if (!this.#fresh.hasFresh) {
      this.#fresh = null;
    }
    return fresh;
  }

  /** A block on pages of its own; `null` where the system has no memory. */
  takePrivate(): Slot | null {
    const chunk = Chunk.create(this, 1, true);
    if (chunk === null) {
      return null;
    }
    this.chunks.add(chunk);
    return chunk.nextSlot();
  }

  /** Takes back what `takePrivate` gave. */
  endPrivate(chunk: Chunk): void {
    this.#forget(chunk);
    chunk.end();
  }

  #grow(): Chunk | null {
    const total = [...this.chunks].reduce((sum, { capacity }) => sum + capacity, 0);
    const size = Math.min(Math.max(total * GROWTH, LEAST_CHUNK), LARGEST_CHUNK);
    const count = Math.max(1, Math.floor(size / this.blockSize));
    // Where there is no room for as much, there may be some for one.
    const chunk = Chunk.create(this, count) ?? (count > 1 ? Chunk.create(this, 1) : null);
    if (chunk !== null) {
      this.chunks.add(chunk);
    }
    return chunk;
  }

  /** Makes memory of a block warm, and the block the next one to be handed out. */
  warm(slot: Slot): void {
    slot.block.fill(0);
    this.free.push(slot);
  }

  /**
   * Gives the memory of blocks that wait back to the system, the longest unused first. Of small ones, some may share their pages with
   * others that are in use, and go on waiting.
   *
   * @param count How many to look at.
   * @returns How many bytes the pool holds no more.
   */
  giveBack(count: number): number {
    const candidates = this.free.slice(0, count);
    const byChunk = new Map<Chunk, Slot[]>();
    for (const slot of candidates) {
      const others = byChunk.get(slot.chunk!);
      if (others === undefined) {
        byChunk.set(slot.chunk!, [slot]);
      } else {
        others.push(slot);
      }
    }
    let blocks = 0;
    try {
      for (const [chunk, slots] of byChunk) {
        // One that was taken away is somebody else's to clear.
        blocks += chunk.stolen ? this.condemn(chunk) : this.#chill(chunk, slots);
      }
    } finally {
      removeFrom(this.free, ({ cold }) => cold);
    }
    this.low = Math.min(this.low, this.free.length);
    this.lastLow = Math.min(this.lastLow, this.free.length);
    this.due = Math.max(0, this.due - candidates.length);
    return blocks * this.blockSize;
  }

  #chill(chunk: Chunk, slots: Slot[]): number {
    const chilled = chunk.chill(slots);
    if (chunk.isCold) {
      this.#forget(chunk);
      this.#cold = this.#cold.filter((slot) => slot.chunk !== chunk);
      chunk.region.dispose();
    } else {
      for (const slot of chilled) {
        this.#cold.push(slot);
      }
    }
    return chilled.length;
  }

  #forget(chunk: Chunk): void {
    this.chunks.delete(chunk);
    if (this.#fresh === chunk) {
      this.#fresh = null;
    }
  }

  /**
   * Hands no block of a chunk out any more, gives back what nobody has, and leaves the rest to the garbage collector, which finds out
   * when nobody can see it.
   *
   * @returns How many blocks of it were waiting, warm.
   */
  condemn(chunk: Chunk): number {
    chunk.condemned = true;
    this.#forget(chunk);
    this.condemned.add(chunk);
    const waiting = this.free.filter((slot) => slot.chunk === chunk);
    if (waiting.length > 0) {
      removeFrom(this.free, (slot) => slot.chunk === chunk);
      this.low = this.lastLow = this.due = 0;
      this.discard(chunk, waiting);
    }
    this.#cold = this.#cold.filter((slot) => slot.chunk !== chunk);
    return waiting.length;
  }

  /** Gives memory of blocks back that will not be handed out again. */
  discard(chunk: Chunk, slots: Slot[]): void {
    if (!chunk.stolen) {
      chunk.chill(slots);
    }
  }

  dispose(): void {
    for (const chunk of this.chunks) {
      const waiting = chunk.slots.filter(({ cold, live }) => !cold && !live);
      if (waiting.length + chunk.coldCount < chunk.slots.length) {
        this.discard(chunk, waiting); // whoever still has a Buffer keeps its contents
      } else if (!chunk.stolen) {
        chunk.region.dispose();
      }
    }
    this.chunks.clear();
    this.condemned.clear();
    this.free.length = 0;
    this.#cold = [];
    this.#fresh = null;
  }
}

function removeFrom(slots: Slot[], isToGo: (slot: Slot) => boolean): void {
  let kept = 0;
  for (const slot of slots) {
    if (!isToGo(slot)) {
      slots[kept++] = slot;
    }
  }
  slots.length = kept;
}
