import { channel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';

import { disposed, doubleFree } from '../allocator/checks';
import { markAsUncloneable } from '../arguments';
import { BlockBuffer } from '../memory/buffer-view';
import { loadAddon } from '../native/load';
import { Registry } from '../registry';
import { checkSize } from '../sizes';
import { checkPoison, wipe } from './guard';
import { LeakDetector, type Tracker } from './leak-detector';
import { Lease } from './lease';
import { PoolMemory } from './pool-memory';
import { type BufferPoolOptions, checkPoolOptions } from './pool-options';
import { measure, PoolCounts, type PoolStats, summaryOf } from './pool-stats';
import type { SizeClass } from './size-class';
import { classOf, MAX_BLOCK } from './size-classes';
import { foreignBuffer, Mark, Slot } from './slot';

/** What is published on `offheap:fallback` when a pool is full. */
export interface FallbackMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** Bytes, as asked for. */
  readonly size: number;
}

/** The pools that have not been disposed of. */
export const bufferPools = new Registry<BufferPool<'allocate' | 'null'>>();

/** What a pool answers that was made with this `whenFull`. */
type OrNull<T, Full> = Full extends 'null' ? T | null : T;

/**
 * Buffers of any size that are handed out, released and handed out again, on memory that stays warm while it is needed, and goes back to
 * the system when it is not.
 *
 * A Buffer has exactly the length that was asked for. Behind it is a block of a size class, at most a quarter longer (below 64 bytes, up to
 * the next multiple of 16). It shows whatever was there, as with `Buffer.allocUnsafe`, unless it is asked for zeroed. Every Buffer is handed
 * out once: a released one is never handed out again, though its memory is, so that a second release is always found out.
 *
 * Release a Buffer once nothing works on it any more: a job of fs, zlib or crypto, or a socket that is still sending it, would meet the bytes
 * of whoever comes next. A Buffer that is lost instead, its memory comes back after a garbage collection; see {@link LeakDetection}.
 *
 * A pool belongs to one thread.
 *
 * @example
 * ```js
 * import { BufferPool, KiB } from 'offheap';
 *
 * const pool = new BufferPool();
 * const buffer = pool.acquire(20 * KiB);
 * console.log(buffer.length); // → 20480
 * pool.release(buffer); // once nothing works on it any more
 * ```
 */
export class BufferPool<Full extends 'allocate' | 'null' = 'allocate'> {
  /** As given by the options, and a number where another pool has that name. */
  readonly name: string;
  readonly #options: Required<BufferPoolOptions>;
  readonly #memory: PoolMemory;
  readonly #classes: readonly SizeClass[];
  readonly #detector: LeakDetector;
  /** Every call takes the slow path: there is something to do for each Buffer, or the pool has been disposed of. */
  #slow: boolean;
  #disposed = false;
  /** How many Buffers to hand out until one is watched. */
  #untilSample: number;
  readonly #counts = new PoolCounts();

  /**
   * @throws TypeError or RangeError for wrong options, OffheapError `ERR_OFFHEAP_ADDON` where there is no addon for this platform.
   */
  constructor(options: BufferPoolOptions & { whenFull?: Full } = {}) {
    this.#options = checkPoolOptions(options);
    loadAddon();
    const { leakDetection, zeroed, zeroOnRelease, guard } = this.#options;
    this.#slow = zeroed || zeroOnRelease || guard || leakDetection === 'paranoid';
    this.name = bufferPools.add(this.#options.name, this);
    this.#detector = new LeakDetector(this.name, leakDetection, (tracker) => {
      this.#onLost(tracker);
    });
    this.#memory = new PoolMemory(this, { ...this.#options, name: this.name }, (slot) => {
      this.#detector.watch(slot, slot.held!);
    });
    this.#classes = this.#memory.classes;
    this.#untilSample = this.#detector.nextSample();
    markAsUncloneable?.(this);
  }

  /**
   * Hands out a Buffer of exactly `size` bytes. Where the pool is full, it is one of Node's own, or `null` if the pool was made with
   * `whenFull: 'null'`.
   *
   * @param size From 0 to Node's own limit; above 1 GiB the pool has no block.
   * @throws OffheapError `ERR_OFFHEAP_DISPOSED`, and what `Buffer.allocUnsafeSlow` throws where it has no memory either.
   */
  acquire(size: number): OrNull<Buffer, Full> {
    return (this.#acquireWarm(size) ?? this.#acquireSlow(size, this.#options.zeroed)) as OrNull<Buffer, Full>;
  }

  /** The same, all zero. */
  acquireZeroed(size: number): OrNull<Buffer, Full> {
    return (this.#acquireWarm(size)?.fill(0) ?? this.#acquireSlow(size, true)) as OrNull<Buffer, Full>;
  }

  /** A Buffer that is released when the lease is: `using lease = pool.lease(size)`. */
  lease(size: number): OrNull<Lease, Full> {
    const buffer = this.#acquireWarm(size) ?? this.#acquireSlow(size, this.#options.zeroed);
    return (buffer && new Lease(this, buffer)) as OrNull<Lease, Full>;
  }

  /** A Buffer on a warm block where there is nothing else to do for it; `null` in every other case. */
  #acquireWarm(size: number): Buffer | null {
    if (this.#slow || !Number.isSafeInteger(size) || size < 0 || size > MAX_BLOCK || this.#untilSample <= 1) {
      return null;
    }
    const sizeClass = this.#classes[classOf(size)]!;
    const slot = sizeClass.takeWarm();
    if (slot === undefined) {
      return null;
    }
    const memory = slot.chunk!.buffer;
    if (memory.byteLength === 0) {
      sizeClass.free.push(slot); // somebody has taken it away
      return null;
    }
    this.#untilSample--;
    return this.#handOut(slot, sizeClass, memory, size);
  }

  #handOut(slot: Slot, sizeClass: SizeClass, memory: ArrayBuffer, size: number): Buffer {
    const buffer = new BlockBuffer(memory, slot.offset, size);
    new Mark(buffer, slot);
    this.#counts.add(size);
    slot.held = buffer;
    slot.size = size;
    sizeClass.live++;
    sizeClass.asked += size;
    sizeClass.acquired++;
    return buffer;
  }

  #acquireSlow(size: number, isZeroed: boolean): Buffer | null {
    this.#checkOpen();
    checkSize('size', size);
    const sizeClass = size <= MAX_BLOCK ? this.#classes[classOf(size)]! : null;
    const buffer = (sizeClass && this.#acquireHere(sizeClass, size)) ?? this.#acquireElsewhere(size, isZeroed);
    if (buffer === null) {
      return null;
    }
    const slot = Mark.slotOf(buffer)!;
    if (--this.#untilSample <= 0) {
      this.#untilSample = this.#detector.nextSample();
      this.#detector.sample(slot, buffer);
    }
    return isZeroed && slot.chunk !== null ? buffer.fill(0) : buffer;
  }

  /** In the pool's own memory. */
  #acquireHere(sizeClass: SizeClass, size: number): Buffer | null {
    const warm = this.#isPrivate ? null : this.#takeWarm(sizeClass);
    const slot = warm ?? this.#takeCold(sizeClass);
    if (slot === null) {
      return null;
    }
    checkPoison(this.name, slot);
    try {
      const buffer = this.#handOut(slot, sizeClass, slot.chunk!.buffer, size);
      sizeClass.misses += warm === null ? 1 : 0;
      return buffer;
    } catch (error) {
      sizeClass.free.push(slot);
      throw error;
    }
  }

  /** A block that waits in memory which nobody has taken away. */
  #takeWarm(sizeClass: SizeClass): Slot | null {
    for (let slot = sizeClass.free.at(-1); slot !== undefined; slot = sizeClass.free.at(-1)) {
      if (!slot.chunk!.stolen) {
        return sizeClass.takeWarm()!;
      }
      this.#memory.condemn(slot.chunk!);
    }
    return null;
  }

  #takeCold(sizeClass: SizeClass): Slot | null {
    for (;;) {
      const slot = this.#memory.take(sizeClass, this.#isPrivate);
      if (slot?.chunk!.stolen !== true) {
        return slot;
      }
      this.#memory.drop(sizeClass);
      this.#memory.condemn(slot.chunk);
    }
  }

  /** Whether each Buffer has pages of its own. */
  get #isPrivate(): boolean {
    return this.#options.guard && this.#detector.level === 'paranoid';
  }

  /** For when the pool is full. */
  #acquireElsewhere(size: number, isZeroed: boolean): Buffer | null {
    let buffer: Buffer | null = null;
    if (this.#options.whenFull !== 'null') {
      buffer = isZeroed ? Buffer.alloc(size) : Buffer.allocUnsafeSlow(size);
    }
    this.#counts.fallbacks++;
    if (buffer !== null) {
      const slot = new Slot(this, null, 0);
      new Mark(buffer, slot);
      slot.size = size;
      this.#detector.watch(slot, buffer);
      this.#counts.add(size);
      this.#counts.allocated++;
      this.#counts.allocatedLive++;
      this.#counts.allocatedBytes += size;
    }
    if (fallbacks.hasSubscribers) {
      const message: FallbackMessage = { pool: this.name, size };
      fallbacks.publish(message);
    }
    return buffer;
  }

  /**
   * Takes a Buffer back. It must not be used any more: its memory goes to whoever comes next.
   *
   * @param buffer The very one that was handed out, neither a part of it nor another view on the same memory.
   * @throws OffheapError `ERR_OFFHEAP_DOUBLE_FREE` for one that was released before, `ERR_OFFHEAP_FOREIGN_BLOCK` for anything else that
   * this pool has not handed out.
   */
  release(buffer: Buffer): void {
    const slot = Mark.slotOf(buffer);
    if (slot === null || slot.held !== buffer || slot.pool !== this || this.#slow || slot.chunk!.condemned) {
      this.#releaseSlow(buffer, slot);
      return;
    }
    slot.held = null;
    const { sizeClass } = slot.chunk!;
    sizeClass.live--;
    sizeClass.asked -= slot.size;
    sizeClass.free.push(slot);
    this.#counts.live -= slot.size;
  }

  #releaseSlow(buffer: Buffer, marked: Slot | null): void {
    const slot = this.#liveSlot(buffer, marked);
    const { chunk, tracker } = slot;
    wipe(slot, buffer, this.#options);
    if (tracker !== null) {
      this.#detector.forget(tracker);
    }
    if (this.#disposed) {
      slot.held = slot.tracker = null; // the memory is nobody's
      return;
    }
    this.#end(slot);
    if (chunk === null) {
      return;
    }
    if (chunk.isPrivate) {
      chunk.sizeClass.endPrivate(chunk);
    } else if (chunk.condemned) {
      chunk.sizeClass.discard(chunk, [slot]);
    } else {
      chunk.sizeClass.free.push(slot);
      return;
    }
    this.#memory.drop(chunk.sizeClass);
  }

  /** The slot of a Buffer that is handed out. */
  #liveSlot(buffer: Buffer, slot: Slot | null): Slot {
    if (slot === null || slot.pool !== this) {
      this.#checkOpen();
      throw foreignBuffer(buffer);
    }
    if (slot.held !== buffer && slot.tracker?.watches(buffer) !== true) {
      throw doubleFree(`the pool '${this.name}'`);
    }
    return slot;
  }

  /** Nobody has the block of a slot any more. */
  #end(slot: Slot): void {
    slot.held = slot.tracker = null;
    this.#counts.live -= slot.size;
    if (slot.chunk === null) {
      this.#counts.allocatedLive--;
      this.#counts.allocatedBytes -= slot.size;
    } else {
      slot.chunk.sizeClass.live--;
      slot.chunk.sizeClass.asked -= slot.size;
    }
  }

  /** The Buffer of a tracker was collected. */
  #onLost(tracker: Tracker): void {
    const { slot } = tracker;
    const { chunk } = slot;
    if (slot.tracker !== tracker || this.#disposed) {
      return;
    }
    this.#counts.leaks++;
    this.#end(slot);
    if (chunk !== null) {
      this.#memory.drop(chunk.sizeClass);
      this.#memory.condemn(chunk); // a part of the Buffer may be in use even so
    }
    this.#detector.report(tracker);
  }

  /**
   * Notes that a Buffer is in use here: of one that is lost, the report says where it was touched last. Costs next to nothing unless the
   * leak detection is `'advanced'` or `'paranoid'`.
   *
   * @param hint Appears in the report.
   * @throws As `release` does.
   */
  touch(buffer: Buffer, hint = ''): void {
    this.#checkOpen();
    this.#detector.touch(this.#liveSlot(buffer, Mark.slotOf(buffer)), hint);
  }

  /**
   * Makes blocks warm before they are needed. Idle, they are given back like all others.
   *
   * @param size Bytes.
   * @param count How many blocks there are to be that wait, warm.
   * @returns How many there are: fewer where the pool is full.
   */
  prewarm(size: number, count: number): number {
    this.#checkOpen();
    checkSize('size', size);
    checkSize('count', count);
    if (size > MAX_BLOCK || this.#isPrivate) {
      return 0;
    }
    const sizeClass = this.#classes[classOf(size)]!;
    for (let missing = count - sizeClass.free.length; missing > 0; missing--) {
      const slot = this.#takeCold(sizeClass);
      if (slot === null) {
        break;
      }
      sizeClass.warm(slot);
    }
    return Math.min(count, sizeClass.free.length);
  }

  /** Gives all memory that waits back to the system, at once. Answers how many bytes that was. */
  trim(): number {
    this.#checkOpen();
    return this.#memory.trim();
  }

  /** What the pool holds and has done. */
  get stats(): PoolStats {
    this.#checkOpen();
    return measure(this.#classes, this.#counts);
  }

  /**
   * Gives the memory back. Buffers that callers have stay valid, with their contents, and need not be released any more. Idempotent; everything
   * else throws `ERR_OFFHEAP_DISPOSED` afterwards.
   */
  dispose(): void {
    if (this.#disposed) {
      return;
    }
    this.#disposed = true;
    this.#slow = true;
    bufferPools.delete(this.name);
    this.#memory.dispose();
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkOpen(): void {
    if (this.#disposed) {
      throw disposed('BufferPool');
    }
  }

  [inspect.custom](): string {
    if (this.#disposed) {
      return 'BufferPool { disposed }';
    }
    return `BufferPool '${this.name}' { ${summaryOf(this.stats)} }`;
  }
}

const fallbacks = channel('offheap:fallback');
