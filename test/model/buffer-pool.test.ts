import fc from 'fast-check';

import { type BufferPool, BufferPool as Pool, type BufferPoolOptions, KiB, MiB } from '../../lib';
import { codeOf, isZero } from '../arena/support';
import { collectGarbage } from '../support';

/** What a pool is, without memory: the Buffers that are live, each filled with a byte of its own, and those that are not. */
interface Model {
  options: BufferPoolOptions;
  live: { buffer: Buffer; value: number }[];
  dead: Buffer[];
}

type AnyPool = BufferPool<'allocate' | 'null'>;
type Operation = (pool: AnyPool, model: Model) => void;

const MAX_BYTES = MiB;
const MAX_DEAD = 50;
let nextValue = 1;

const size = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 20 * KiB }),
  fc.constantFrom(4096, 64 * KiB, MAX_BYTES, MAX_BYTES + 1),
);
const pick = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const acquire = fc.tuple(size, fc.boolean()).map(([bytes, isZeroed]): Operation => (pool, model) => {
  const { live, options } = model;
  const fallbacks = pool.stats.fallbacks;
  const buffer = isZeroed ? pool.acquireZeroed(bytes) : pool.acquire(bytes);
  if (buffer === null) {
    expect(options.whenFull).toBe('null');
    expect(pool.stats.fallbacks).toBe(fallbacks + 1);
    return;
  }
  expect(buffer).toHaveLength(bytes);
  if (isZeroed || options.zeroed === true) {
    expect(isZero(buffer)).toBe(true);
  }
  const value = (nextValue = (nextValue % 200) + 1);
  live.push({ buffer: buffer.fill(value), value });
});

const release = pick.map((which): Operation => (pool, model) => {
  const [entry] = model.live.splice(Math.floor(which * model.live.length), 1);
  if (entry === undefined) {
    return;
  }
  // Nobody else has written to it.
  expect(entry.buffer.every((byte) => byte === entry.value)).toBe(true);
  pool.release(entry.buffer);
  if (isWiped(model.options)) {
    expect(isZero(entry.buffer)).toBe(true);
  }
  model.dead.unshift(entry.buffer);
  model.dead.splice(MAX_DEAD);
});

function isWiped({ zeroOnRelease }: BufferPoolOptions): boolean {
  return zeroOnRelease === true;
}

const releaseAgain = pick.map((which): Operation => (pool, { dead }) => {
  const buffer = dead[Math.floor(which * dead.length)];
  if (buffer !== undefined) {
    expect(
      codeOf(() => {
        pool.release(buffer);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
  }
});

const releasePart = pick.map((which): Operation => (pool, { live }) => {
  const entry = live[Math.floor(which * live.length)];
  if (entry !== undefined) {
    expect(
      codeOf(() => {
        pool.release(entry.buffer.subarray());
      }),
    ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
  }
});

const trim = fc.constant<Operation>((pool) => {
  const { cached } = pool.stats;
  const given = pool.trim();
  const { cached: kept, sizes } = pool.stats;
  expect(given + kept).toBe(cached);
  // Only blocks that share a page with one that is in use stay.
  expect(sizes.every((each) => each.cached === 0 || (each.size < 16 * KiB && each.live > 0))).toBe(true);
});

const prewarm = fc.tuple(size, fc.integer({ min: 0, max: 20 })).map(([bytes, count]): Operation => (pool) => {
  expect(pool.prewarm(bytes, count)).toBeLessThanOrEqual(count);
});

const touch = pick.map((which): Operation => (pool, { live }) => {
  const entry = live[Math.floor(which * live.length)];
  if (entry !== undefined) {
    pool.touch(entry.buffer);
  }
});

const operation = fc.oneof(
  { weight: 8, arbitrary: acquire },
  { weight: 6, arbitrary: release },
  { weight: 1, arbitrary: releaseAgain },
  { weight: 1, arbitrary: releasePart },
  { weight: 1, arbitrary: trim },
  { weight: 1, arbitrary: prewarm },
  { weight: 1, arbitrary: touch },
);

function checkAccounts(pool: AnyPool, { live }: Model): void {
  const { stats } = pool;
  const bytes = live.reduce((sum, { buffer }) => sum + buffer.length, 0);
  expect(stats).toMatchObject({ live: bytes, liveBuffers: live.length, leaks: 0 });
  expect(stats.acquired - stats.released).toBe(live.length);
  expect(stats.hits + stats.misses).toBe(stats.acquired);
  expect(stats.highWaterMark).toBeGreaterThanOrEqual(bytes);
  expect(stats.committed).toBeLessThanOrEqual(stats.reserved + 64 * KiB * stats.sizes.length);
  const held = stats.sizes.reduce((sum, { size: block, live: used, cached }) => sum + block * (used + cached), 0);
  expect(held).toBeLessThanOrEqual(MAX_BYTES);
}

function areDisjoint(buffers: Buffer[]): boolean {
  const ranges = buffers
    .filter(({ length }) => length > 0)
    .map(({ buffer, byteOffset, length }) => ({ buffer, from: byteOffset, to: byteOffset + length }));
  return ranges.every((a, index) =>
    ranges.slice(index + 1).every((b) => a.buffer !== b.buffer || a.to <= b.from || b.to <= a.from),
  );
}

describe('BufferPool', () => {
  it.each<BufferPoolOptions>([
    { leakDetection: 'off' },
    { whenFull: 'null' },
    { zeroed: true },
    { zeroOnRelease: true, whenFull: 'null' },
    { guard: true },
    { leakDetection: 'paranoid' },
    { guard: true, leakDetection: 'paranoid', whenFull: 'null' },
  ])('with %p does as its model, whatever is done with it', (options) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200, size: 'max' }), (operations) => {
        const pool: AnyPool = new Pool<'allocate' | 'null'>({ ...options, maxBytes: MAX_BYTES, idleMs: Infinity });
        const model: Model = { options, live: [], dead: [] };
        try {
          for (const operate of operations) {
            operate(pool, model);
          }
          checkAccounts(pool, model);
          expect(areDisjoint(model.live.map(({ buffer }) => buffer))).toBe(true);
          for (const { buffer, value } of model.live) {
            expect(buffer.every((byte) => byte === value)).toBe(true);
          }
        } finally {
          pool.dispose();
        }
      }),
      { numRuns: 20 },
    );
  });

  it('serves a million Buffers of 64 bytes to 4 MiB without overlap, with little waste and a level heap', () => {
    const pool = new Pool({ idleMs: Infinity });
    // Pages of a Buffer are stamped with who has it, so that an overlap shows.
    const live = new Array<{ buffer: Buffer; stamp: number } | undefined>(64);
    let [seed, worst] = [12345, 0];
    const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    const stamp = (buffer: Buffer, value: number): void => {
      buffer.writeUInt32LE(value, 0);
      buffer.writeUInt32LE(value, buffer.length - 4);
    };
    const heap: number[] = [];
    for (let i = 0; i < 1_000_000; i++) {
      const index = Math.floor(random() * live.length);
      const old = live[index];
      if (old !== undefined) {
        if (old.buffer.readUInt32LE(0) !== old.stamp || old.buffer.readUInt32LE(old.buffer.length - 4) !== old.stamp) {
          throw new Error(`Another Buffer has overwritten one of ${old.buffer.length} bytes after ${i} steps`);
        }
        pool.release(old.buffer);
      }
      const bytes = Math.floor(64 * 2 ** (random() * 16)); // as many of each power of two, up to 4 MiB
      const buffer = pool.acquire(bytes);
      stamp(buffer, i);
      live[index] = { buffer, stamp: i };
      if (i % 1000 === 0) {
        const { live: asked, fragmentation } = pool.stats;
        const blocks = asked / (1 - fragmentation);
        worst = Math.max(worst, blocks - asked * 1.25);
      }
      if (i % 250_000 === 249_999) {
        collectGarbage();
        heap.push(process.memoryUsage().heapUsed);
      }
    }
    expect(worst).toBeLessThanOrEqual(MiB);
    expect(areDisjoint(live.flatMap((entry) => (entry === undefined ? [] : [entry.buffer])))).toBe(true);
    expect(Math.max(...heap) - heap[0]!).toBeLessThan(2 * MiB);
    expect(pool.stats.hitRate).toBeGreaterThan(0.99);
    pool.dispose();
  });
});
