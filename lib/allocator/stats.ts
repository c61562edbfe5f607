import { inspect } from 'node:util';

import { formatBytes } from '../sizes';
import type { Allocator } from './allocator';
import { type AllocatorLogger, ProxyAllocator } from './proxy';

/** What a {@link StatsAllocator} has counted. Bytes are those of the blocks, which may be longer than was asked for. */
export interface AllocatorStats {
  /** Blocks that were allocated and not freed. */
  readonly liveBlocks: number;
  /** Bytes in these. */
  readonly liveBytes: number;
  /** The most that `liveBytes` has ever been. */
  readonly highWaterMark: number;
  /** Calls of `alloc` that answered a block. */
  readonly allocations: number;
  /** Calls of `realloc` that answered a block. */
  readonly reallocations: number;
  /** How often blocks were given back. */
  readonly frees: number;
  /** Bytes in all blocks that were ever allocated, and what `realloc` has added to them. */
  readonly totalBytes: number;
  /** Calls of `alloc` and `realloc` that answered `null`. */
  readonly failures: number;
  /** How many blocks of which size were asked for, the smallest first: of up to 1 byte, 2, 4, 8, … */
  readonly histogram: readonly SizeCount[];
}

/** How many requests were of at most `size` bytes, and of more than half of that. */
export interface SizeCount {
  /** Bytes. */
  readonly size: number;
  /** How many blocks were asked for with it. */
  readonly count: number;
}

/** Sizes are below 2^53. */
const SIZES = 54;

class Counters implements AllocatorLogger {
  liveBlocks = 0;
  liveBytes = 0;
  highWaterMark = 0;
  allocations = 0;
  reallocations = 0;
  frees = 0;
  totalBytes = 0;
  failures = 0;
  /** By the exponent of the size, rounded up to a power of two. */
  readonly counts = new Float64Array(SIZES);

  alloc(block: Buffer, size: number): void {
    this.allocations++;
    this.liveBlocks++;
    this.counts[exponentOf(size)]!++;
    this.#add(block.length);
  }

  realloc(block: Buffer, _old: Buffer, oldSize: number): void {
    this.reallocations++;
    this.#add(block.length - oldSize);
  }

  free(_block: Buffer, size: number): void {
    this.frees++;
    // What was allocated before resetStats() may be freed after it.
    this.liveBlocks = Math.max(this.liveBlocks - 1, 0);
    this.liveBytes = Math.max(this.liveBytes - size, 0);
  }

  allocFailed(): void {
    this.failures++;
  }

  reallocFailed(): void {
    this.failures++;
  }

  #add(bytes: number): void {
    this.liveBytes = Math.max(this.liveBytes + bytes, 0);
    this.totalBytes += Math.max(bytes, 0);
    this.highWaterMark = Math.max(this.highWaterMark, this.liveBytes);
  }

  reset(): void {
    Object.assign(this, new Counters(), { counts: this.counts.fill(0) });
  }

  get histogram(): SizeCount[] {
    const counts = Array.from(this.counts, (count, exponent) => ({ size: 2 ** exponent, count }));
    const used = counts.filter(({ count }) => count > 0);
    return used.length === 0 ? [] : counts.slice(counts.indexOf(used[0]!), counts.indexOf(used.at(-1)!) + 1);
  }
}

function exponentOf(size: number): number {
  if (size <= 2 ** 31) {
    return 32 - Math.clz32(Math.max(size, 1) - 1);
  }
  const exponent = Math.floor(Math.log2(size)); // rounded, so that it may be too large by one or too small
  return exponent + (2 ** exponent < size ? 1 : 0) - (2 ** (exponent - 1) >= size ? 1 : 0);
}

/**
 * Hands everything on to another allocator, and counts. What the other one gives up by itself, as an arena does that starts
 * over, it does not hear of: `resetStats()` says so.
 *
 * `util.inspect` and `console.log` draw a picture of it.
 */
export class StatsAllocator<A extends Allocator = Allocator> extends ProxyAllocator<A> {
  readonly #counters: Counters;

  constructor(inner: A) {
    const counters = new Counters();
    super(inner, counters);
    this.#counters = counters;
  }

  /** What was counted until now. */
  get stats(): AllocatorStats {
    const { counts: _, ...counted } = this.#counters;
    return { ...counted, histogram: this.#counters.histogram };
  }

  /** Starts to count anew, with no live block. */
  resetStats(): void {
    this.#counters.reset();
  }

  override [inspect.custom](): string {
    const { liveBlocks, liveBytes, highWaterMark, failures, histogram, ...totals } = this.stats;
    const most = Math.max(...histogram.map(({ count }) => count));
    const width = Math.max(...histogram.map(({ size }) => formatBytes(size).length));
    return [
      `${this.constructor.name} {`,
      `  live: ${count(liveBlocks, 'block')}, ${formatBytes(liveBytes)}; at most ${formatBytes(highWaterMark)}`,
      `  total: ${count(totals.allocations, 'allocation')}, ${count(totals.reallocations, 'reallocation')}, ` +
        `${count(totals.frees, 'free')}; ${formatBytes(totals.totalBytes)}`,
      `  failures: ${failures}`,
      ...histogram.map(
        (row) => `  up to ${formatBytes(row.size).padStart(width)} ${bar(row.count / most)} ${row.count}`,
      ),
      '}',
    ].join('\n');
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

const BAR_WIDTH = 32;

/** A bar of this part of the width, in eighths of a character. */
function bar(part: number): string {
  const eighths = Math.ceil(part * BAR_WIDTH * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (eighths % 8 === 0 ? '' : '▏▎▍▌▋▊▉'[(eighths % 8) - 1]!);
}
