import { KiB, MiB } from '../sizes';
import { Chunk } from './chunk';
import type { Slot } from './slot';

/** A class gets at least this much memory at a time, unless the pool has less left, in bytes. */
const LEAST_CHUNK = 64 * KiB;
/** And at most this much, if one block is not longer: making a larger ArrayBuffer may start a garbage collection. */
const LARGEST_CHUNK = 32 * MiB;
/** Of what a class has, how much it gets in one go: what it has not used yet is never more than that. */
const GROWTH = 1 / 4;

/** The blocks of one length. */
export class SizeClass {
  readonly pool: object;
  /** Bytes. */
  readonly blockSize: number;
  /** Blocks that can be handed out again, warm; the last one first. */
  free: Slot[] = [];
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
      slot.cold = false;
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
    const chunk = Chunk.create(this, Math.max(1, Math.floor(size / this.blockSize)));
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
   * Gives the memory of blocks that wait back to the system, the longest unused first.
   *
   * @returns How many bytes that was.
   */
  giveBack(count: number): number {
    const slots = this.free.splice(0, count);
    this.low = Math.max(0, this.low - slots.length);
    this.lastLow = Math.max(0, this.lastLow - slots.length);
    this.due = Math.max(0, this.due - slots.length);
    const byChunk = new Map<Chunk, Slot[]>();
    for (const slot of slots) {
      slot.cold = true;
      slot.poisoned = false;
      const others = byChunk.get(slot.chunk!);
      if (others === undefined) {
        byChunk.set(slot.chunk!, [slot]);
      } else {
        others.push(slot);
      }
    }
    let anyGone = false;
    for (const [chunk, cold] of byChunk) {
      if (chunk.slots.every((slot) => slot.cold)) {
        this.#forget(chunk);
        chunk.region.dispose();
        anyGone = true;
      } else {
        chunk.discard(ascending(cold));
        this.#cold = this.#cold.concat(cold);
      }
    }
    if (anyGone) {
      this.#cold = this.#cold.filter(({ chunk }) => this.chunks.has(chunk!));
    }
    return slots.length * this.blockSize;
  }

  #forget(chunk: Chunk): void {
    this.chunks.delete(chunk);
    if (this.#fresh === chunk) {
      this.#fresh = null;
    }
  }

  /**
   * Hands no block of a chunk out any more, and leaves it to the garbage collector, which finds out when nobody can see it.
   *
   * @returns How many blocks of it were waiting, warm.
   */
  condemn(chunk: Chunk): number {
    chunk.condemned = true;
    this.#forget(chunk);
    const waiting = this.free.filter((slot) => slot.chunk === chunk);
    if (waiting.length > 0) {
      this.free = this.free.filter((slot) => slot.chunk !== chunk);
      this.low = this.lastLow = this.due = 0;
      if (!chunk.stolen) {
        chunk.discard(ascending(waiting));
      }
    }
    this.#cold = this.#cold.filter((slot) => slot.chunk !== chunk);
    return waiting.length;
  }

  dispose(): void {
    for (const chunk of this.chunks) {
      // Whoever still has a Buffer keeps its contents.
      if (!chunk.slots.some(({ live }) => live)) {
        chunk.region.dispose();
      }
    }
    this.chunks.clear();
    this.free = [];
    this.#cold = [];
    this.#fresh = null;
  }
}

function ascending(slots: Slot[]): Slot[] {
  return slots.sort((a, b) => a.offset - b.offset);
}
