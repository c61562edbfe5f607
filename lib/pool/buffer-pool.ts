import { channel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';

import { disposed, doubleFree } from '../allocator/checks';
import { markAsUncloneable } from '../arguments';
import { BlockBuffer } from '../memory/buffer-view';
import { loadAddon } from '../native/load';
import { Registry } from '../registry';
import { checkSize, formatBytes } from '../sizes';
import type { Chunk } from './chunk';
import { checkPoison, poison } from './guard';
import { LeakDetector, type Tracker } from './leak-detector';
import { Lease } from './lease';
import { PoolMemory } from './pool-memory';
import { type BufferPoolOptions, checkPoolOptions } from './pool-options';
import { measure, PoolCounts, type PoolStats } from './pool-stats';
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
    return (this.#acquireWarm(size) ?? this.#acquireSlow(size)) as OrNull<Buffer, Full>;
  }

  /** The same, all zero. */
  acquireZeroed(size: number): OrNull<Buffer, Full> {
    const buffer = this.#acquireWarm(size) ?? this.#acquireSlow(size);
    return (buffer?.fill(0) ?? null) as OrNull<Buffer, Full>;
  }

  /** A Buffer that is released when the lease is: `using lease = pool.lease(size)`. */
  lease(size: number): OrNull<Lease, Full> {
    const buffer = this.#acquireWarm(size) ?? this.#acquireSlow(size);
    return (buffer && new Lease(buffer, this.#releaseLease)) as OrNull<Lease, Full>;
  }

  readonly #releaseLease = (buffer: Buffer): void => {
    this.release(buffer);
  };

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
      sizeClass.free.push(slot); // somebody has taken the memory away
      return null;
    }
    this.#untilSample--;
    return this.#handOut(slot, sizeClass, memory, size);
  }

  #handOut(slot: Slot, sizeClass: SizeClass, memory: ArrayBuffer, size: number): Buffer {
    const buffer = new BlockBuffer(memory, slot.offset, size);
    new Mark(buffer, slot);
    slot.held = buffer;
    slot.size = size;
    sizeClass.live++;
    sizeClass.asked += size;
    sizeClass.acquired++;
    this.#counts.add(size);
    return buffer;
  }

  #acquireSlow(size: number): Buffer | null {
    this.#checkOpen();
    checkSize('size', size);
    const sizeClass = size <= MAX_BLOCK ? this.#classes[classOf(size)]! : null;
    const slot = sizeClass && this.#takeSlot(sizeClass);
    const buffer = slot ? this.#handOut(slot, sizeClass, slot.chunk!.buffer, size) : this.#acquireElsewhere(size);
    if (buffer !== null && --this.#untilSample <= 0) {
      this.#untilSample = this.#detector.nextSample();
      this.#detector.sample(Mark.slotOf(buffer)!, buffer);
    }
    return this.#options.zeroed && buffer !== null ? buffer.fill(0) : buffer;
  }

  #takeSlot(sizeClass: SizeClass): Slot | null {
    const warm = this.#isPrivate ? null : this.#attached(() => sizeClass.takeWarm());
    if (warm !== null) {
      if (warm.poisoned) {
        checkPoison(this.name, warm.block);
      }
      return warm;
    }
    const cold = this.#takeCold(sizeClass);
    sizeClass.misses += cold === null ? 0 : 1;
    return cold;
  }

  #takeCold(sizeClass: SizeClass): Slot | null {
    return this.#attached(() => this.#memory.take(sizeClass, this.#isPrivate));
  }

  /** The first slot in memory that nobody has taken away. */
  #attached(take: () => Slot | null | undefined): Slot | null {
    for (let slot = take() ?? null; ; slot = take() ?? null) {
      const chunk = slot?.chunk;
      if (chunk?.stolen !== true) {
        return slot;
      }
      this.#memory.drop(chunk.sizeClass);
      this.#condemn(chunk);
    }
  }

  /** Whether each Buffer has pages of its own. */
  get #isPrivate(): boolean {
    return this.#options.guard && this.#detector.level === 'paranoid';
  }

  /** For when the pool is full. */
  #acquireElsewhere(size: number): Buffer | null {
    const { whenFull } = this.#options;
    const buffer = whenFull === 'null' ? null : Buffer.allocUnsafeSlow(size);
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
    if (slot === null || slot.held !== buffer || slot.pool !== this || this.#slow) {
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
    if (this.#options.guard && chunk?.stolen === false) {
      poison(slot.block);
      slot.poisoned = true;
    } else if (this.#options.zeroOnRelease && buffer.length > 0) {
      buffer.fill(0); // which throws where the memory was taken away
    }
    if (tracker !== null) {
      this.#detector.forget(tracker);
    }
    const isKept = chunk !== null && !chunk.condemned && !chunk.isPrivate;
    this.#end(slot, isKept);
    if (isKept) {
      chunk.sizeClass.free.push(slot);
    } else if (chunk?.isPrivate === true) {
      chunk.sizeClass.endPrivate(chunk);
    }
  }

  /** The slot of a Buffer that is handed out. */
  #liveSlot(buffer: Buffer, slot: Slot | null): Slot {
    this.#checkOpen();
    if (slot === null || slot.pool !== this) {
      throw foreignBuffer(buffer);
    }
    if (slot.held !== buffer && slot.tracker?.watches(buffer) !== true) {
      throw doubleFree(`the pool '${this.name}'`);
    }
    return slot;
  }

  /** Nobody has the block of a slot any more; `isKept` says whether the pool can hand it out again. */
  #end(slot: Slot, isKept: boolean): void {
    slot.held = null;
    slot.tracker = null;
    this.#counts.live -= slot.size;
    if (slot.chunk === null) {
      this.#counts.allocatedLive--;
      this.#counts.allocatedBytes -= slot.size;
      return;
    }
    const { sizeClass } = slot.chunk;
    sizeClass.live--;
    sizeClass.asked -= slot.size;
    if (!isKept) {
      this.#memory.drop(sizeClass);
    }
  }

  /** The Buffer of a tracker was collected. */
  #onLost(tracker: Tracker): void {
    const { slot } = tracker;
    if (slot.tracker !== tracker || this.#disposed) {
      return;
    }
    this.#counts.leaks++;
    this.#end(slot, false);
    if (slot.chunk !== null) {
      this.#condemn(slot.chunk); // a part of the Buffer may be in use even so
    }
    this.#detector.report(tracker);
  }

  #condemn(chunk: Chunk): void {
    if (chunk.condemned) {
      return;
    }
    this.#memory.condemn(chunk);
    for (const slot of chunk.slots) {
      if (slot.held !== null) {
        this.#detector.watch(slot, slot.held); // so that its release is not a matter of course
      }
    }
  }

  /**
   * Notes that a Buffer is in use here: of one that is lost, the report says where it was touched last. Costs next to nothing unless the
   * leak detection is `'advanced'` or `'paranoid'`.
   *
   * @param hint Appears in the report.
   * @throws As `release` does.
   */
  touch(buffer: Buffer, hint = ''): void {
    const { tracker } = this.#liveSlot(buffer, Mark.slotOf(buffer));
    if (tracker !== null) {
      this.#detector.touch(tracker, hint);
    }
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
    const { live, cached, resident, highWaterMark, hitRate, fallbacks, leaks } = this.stats;
    const sizes = Object.entries({ live, cached, resident, highWaterMark });
    const entries = sizes.map(([key, bytes]) => `${key}: ${formatBytes(bytes)}`);
    return `BufferPool '${this.name}' { ${entries.join(', ')}, hitRate: ${hitRate.toFixed(3)}, fallbacks: ${fallbacks}, leaks: ${leaks} }`;
  }
}

const fallbacks = channel('offheap:fallback');
