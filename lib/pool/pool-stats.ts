import { formatSizes } from '../sizes';
import type { SizeClass } from './size-class';

/** What a {@link BufferPool} holds and has done. Sizes are bytes. */
export interface PoolStats {
  /** What callers have asked for and not released. */
  readonly live: number;
  /** Buffers that callers have. */
  readonly liveBuffers: number;
  /** In blocks that wait, warm, to be handed out again. */
  readonly cached: number;
  /** How many blocks wait. */
  readonly cachedBuffers: number;
  /** Addresses. */
  readonly reserved: number;
  /** Usable, in whole pages. */
  readonly committed: number;
  /** Physical memory behind these. The system is asked: microseconds, and more with every GiB. */
  readonly resident: number;
  /** The most that `live` has ever been. */
  readonly highWaterMark: number;
  /** How many Buffers were handed out. */
  readonly acquired: number;
  /** How many came back. */
  readonly released: number;
  /** How many of those handed out were on memory that was warm already. */
  readonly hits: number;
  /** For how many there was no warm block. */
  readonly misses: number;
  /** `hits / acquired`; 0 before there are any. */
  readonly hitRate: number;
  /** What part of the blocks that callers have was not asked for: 0 to 1. */
  readonly fragmentation: number;
  /** How often the pool was full: how many Buffers are Node's own, or were answered by `null`. */
  readonly fallbacks: number;
  /** Buffers that were collected without having been released. */
  readonly leaks: number;
  /** The size classes that were ever used, the smallest first. */
  readonly sizes: readonly PoolSizeStats[];
}

/** The same for one size class. */
export interface PoolSizeStats {
  /** Bytes of its blocks. */
  readonly size: number;
  /** Blocks that callers have. */
  readonly live: number;
  /** Bytes in these that were asked for. */
  readonly asked: number;
  /** Blocks that wait, warm. */
  readonly cached: number;
  /** How many of its blocks were handed out. */
  readonly acquired: number;
  /** How many of these were warm already. */
  readonly hits: number;
}

/** What a pool counts besides its size classes. */
export class PoolCounts {
  /** Bytes that were asked for and not released. */
  live = 0;
  highWaterMark = 0;
  /** Of the Buffers that are Node's own: how many were handed out, how many of them are live, and their bytes. */
  allocated = 0;
  allocatedLive = 0;
  allocatedBytes = 0;
  fallbacks = 0;
  leaks = 0;

  /** Notes a Buffer of `size` bytes that is handed out. */
  add(size: number): void {
    const live = this.live + size;
    this.live = live;
    if (live > this.highWaterMark) {
      this.highWaterMark = live;
    }
  }
}

export function measure(classes: readonly SizeClass[], counts: PoolCounts): PoolStats {
  const { live, highWaterMark, fallbacks, leaks } = counts;
  const used = classes.filter(({ acquired, free }) => acquired > 0 || free.length > 0);
  const sum = (of: (sizeClass: SizeClass) => number): number => used.reduce((total, next) => total + of(next), 0);
  const chunks = used.flatMap((sizeClass) => [...sizeClass.chunks]);
  const acquired = sum((sizeClass) => sizeClass.acquired) + counts.allocated;
  const liveBuffers = sum((sizeClass) => sizeClass.live) + counts.allocatedLive;
  const misses = sum((sizeClass) => sizeClass.misses) + counts.allocated;
  const blocks = sum((sizeClass) => sizeClass.live * sizeClass.blockSize);
  return {
    live,
    liveBuffers,
    cached: sum((sizeClass) => sizeClass.cached),
    cachedBuffers: sum(({ free }) => free.length),
    reserved: chunks.reduce((total, { capacity }) => total + capacity, 0),
    committed: chunks.reduce((total, { region }) => total + region.committed, 0),
    resident: chunks.reduce((total, { region }) => total + region.resident(), 0),
    highWaterMark,
    acquired,
    released: acquired - liveBuffers - leaks,
    hits: acquired - misses,
    misses,
    hitRate: acquired === 0 ? 0 : (acquired - misses) / acquired,
    fragmentation: blocks === 0 ? 0 : 1 - (live - counts.allocatedBytes) / blocks,
    fallbacks,
    leaks,
    sizes: used.map((sizeClass) => ({
      size: sizeClass.blockSize,
      live: sizeClass.live,
      asked: sizeClass.asked,
      cached: sizeClass.free.length,
      acquired: sizeClass.acquired,
      hits: sizeClass.acquired - sizeClass.misses,
    })),
  };
}

/** For `util.inspect`. */
export function summaryOf({ live, cached, resident, highWaterMark, hitRate, fallbacks, leaks }: PoolStats): string {
  const sizes = formatSizes({ live, cached, resident, highWaterMark });
  return `${sizes}, hitRate: ${hitRate.toFixed(3)}, fallbacks: ${fallbacks}, leaks: ${leaks}`;
}
