import { inspect } from 'node:util';

import { KiB, memoryUsage, MiB, setMemoryLimit } from '../../lib';
import { codeOf } from '../arena/support';
import { steal } from '../collections/support';
import { isAll, makePool } from './support';

describe('maxBytes', () => {
  it('lets Node allocate beyond it, and counts', () => {
    const pool = makePool({ maxBytes: 256 * KiB });
    const inside = Array.from({ length: 4 }, () => pool.acquire(64 * KiB));
    const beyond = pool.acquire(64 * KiB);
    expect(beyond.buffer).not.toBe(inside[0]!.buffer);
    expect(pool.stats).toMatchObject({ fallbacks: 1, liveBuffers: 5, live: 320 * KiB });
    pool.release(beyond);
    expect(
      codeOf(() => {
        pool.release(beyond);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    expect(pool.stats).toMatchObject({ liveBuffers: 4, cached: 0 });
  });

  it('answers null where the pool was made so', () => {
    const pool = makePool({ maxBytes: 64 * KiB, whenFull: 'null' });
    const buffer = pool.acquire(64 * KiB);
    expect(pool.acquire(1)).toBeNull();
    expect(pool.acquireZeroed(1)).toBeNull();
    expect(pool.lease(1)).toBeNull();
    expect(pool.stats).toMatchObject({ fallbacks: 3, liveBuffers: 1 });
    pool.release(buffer!);
    expect(pool.acquire(1)).toHaveLength(1);
  });

  it('takes memory from size classes that do not need it', () => {
    const pool = makePool({ maxBytes: MiB, whenFull: 'null' });
    for (const buffer of Array.from({ length: 16 }, () => pool.acquire(64 * KiB)!)) {
      pool.release(buffer);
    }
    expect(pool.stats.cached).toBe(MiB);
    expect(pool.acquire(512 * KiB)).not.toBeNull();
    expect(pool.acquire(512 * KiB)).not.toBeNull();
    expect(pool.stats).toMatchObject({ cached: 0, fallbacks: 0 });
    expect(pool.acquire(16)).toBeNull();
  });

  it('can be 0', () => {
    const pool = makePool({ maxBytes: 0 });
    pool.release(pool.acquire(10).fill(1));
    expect(pool.stats).toMatchObject({ fallbacks: 1, reserved: 0 });
  });
});

describe('The limit of the process', () => {
  afterEach(() => {
    setMemoryLimit(Infinity);
  });

  it('is where the pool is full, to the last block that there is room for', () => {
    const pool = makePool({ whenFull: 'null' });
    setMemoryLimit(memoryUsage().charged + 20 * MiB);
    const buffers: Buffer[] = [];
    for (let buffer = pool.acquire(MiB); buffer !== null; buffer = pool.acquire(MiB)) {
      buffers.push(buffer);
    }
    expect(buffers.length).toBeGreaterThanOrEqual(20); // more, where memory of other tests was given back meanwhile
    expect(buffers.length).toBeLessThan(100);
    pool.release(buffers.pop()!);
    expect(pool.acquire(MiB)).toHaveLength(MiB);
    setMemoryLimit(memoryUsage().charged + MiB);
    expect(pool.acquire(MiB)).toHaveLength(MiB);
  });

  it('makes other size classes give back what they do not need', () => {
    const pool = makePool({ whenFull: 'null' });
    for (const buffer of Array.from({ length: 16 }, () => pool.acquire(64 * KiB)!)) {
      pool.release(buffer);
    }
    setMemoryLimit(memoryUsage().charged);
    expect(pool.acquire(512 * KiB)).toHaveLength(512 * KiB);
  });
});

describe('prewarm', () => {
  it('makes blocks that are hits from the start', () => {
    const pool = makePool();
    expect(pool.prewarm(16 * KiB, 100)).toBe(100);
    expect(pool.stats).toMatchObject({ cachedBuffers: 100, acquired: 0 });
    expect(pool.stats.resident).toBeGreaterThanOrEqual(100 * 16 * KiB);
    const buffers = Array.from({ length: 100 }, () => pool.acquire(16 * KiB));
    expect(pool.stats).toMatchObject({ hits: 100, misses: 0, hitRate: 1 });
    buffers.forEach((buffer) => {
      pool.release(buffer);
    });
    expect(pool.prewarm(16 * KiB, 50)).toBe(50);
    expect(pool.stats.cachedBuffers).toBe(100);
  });

  it('goes no further than maxBytes', () => {
    const pool = makePool({ maxBytes: MiB });
    expect(pool.prewarm(256 * KiB, 100)).toBe(4);
  });
});

describe('stats', () => {
  it('say what is live, cached and wasted', () => {
    const pool = makePool();
    expect(pool.stats).toEqual({
      live: 0,
      liveBuffers: 0,
      cached: 0,
      cachedBuffers: 0,
      reserved: 0,
      committed: 0,
      resident: 0,
      highWaterMark: 0,
      acquired: 0,
      released: 0,
      hits: 0,
      misses: 0,
      hitRate: 0,
      fragmentation: 0,
      fallbacks: 0,
      leaks: 0,
      sizes: [],
    });
    const buffers = [pool.acquire(900), pool.acquire(900), pool.acquire(100_000).fill(1)];
    pool.release(buffers[0]!);
    pool.release(pool.acquire(1000));
    const { stats } = pool;
    expect(stats).toMatchObject({
      live: 100_900,
      liveBuffers: 2,
      cached: 1024,
      cachedBuffers: 1,
      highWaterMark: 101_900,
      acquired: 4,
      released: 2,
      hits: 1,
      misses: 3,
      hitRate: 0.25,
      sizes: [
        { size: 1024, live: 1, asked: 900, cached: 1, acquired: 3, hits: 1 },
        { size: 114_688, live: 1, asked: 100_000, cached: 0, acquired: 1, hits: 0 },
      ],
    });
    expect(stats.fragmentation).toBeCloseTo(1 - 100_900 / (1024 + 114_688));
    expect(stats.resident).toBeGreaterThanOrEqual(100_000);
    expect(stats.committed).toBeGreaterThanOrEqual(stats.resident);
    expect(stats.reserved).toBeGreaterThanOrEqual(stats.committed);
  });

  it('are printed', () => {
    const pool = makePool({ name: 'uploads' });
    pool.acquire(1024);
    expect(inspect(pool)).toMatch(/^BufferPool 'uploads' \{ live: 1 KiB, cached: 0 B, .* leaks: 0 \}$/);
    pool.dispose();
    expect(inspect(pool)).toBe('BufferPool { disposed }');
  });
});

describe('trim', () => {
  it('gives all memory that waits back', () => {
    const pool = makePool();
    const kept = pool.acquire(64 * KiB).fill(1);
    const buffers = Array.from({ length: 100 }, () => pool.acquire(64 * KiB).fill(2));
    buffers.forEach((buffer) => {
      pool.release(buffer);
    });
    expect(pool.trim()).toBe(100 * 64 * KiB);
    expect(pool.trim()).toBe(0);
    expect(pool.stats).toMatchObject({ cached: 0, liveBuffers: 1 });
    expect(pool.stats.resident).toBeLessThan(3 * MiB);
    expect(isAll(kept, 1)).toBe(true);
    expect(pool.acquire(64 * KiB)).toHaveLength(64 * KiB);
  });

  it('gives pages back that small blocks share', () => {
    const pool = makePool();
    const buffers = Array.from({ length: 4096 }, () => pool.acquire(1024).fill(3));
    for (const parity of [0, 1]) {
      // One half after the other: no page is free after the first one.
      buffers.forEach((buffer, index) => {
        if (index % 2 === parity && index > 0) {
          pool.release(buffer);
        }
      });
      pool.trim();
    }
    expect(pool.stats.resident).toBeLessThan(256 * KiB);
    expect(buffers[0]!.every((byte) => byte === 3)).toBe(true);
  });
});

describe('small blocks', () => {
  it('of which one is left on each page count for as much as they keep', () => {
    const pool = makePool({ maxBytes: 8 * MiB, whenFull: 'null' });
    const kept: Buffer[] = [];
    for (const size of [64, 80, 96, 112, 128]) {
      const all: Buffer[] = [];
      for (let buffer = pool.acquire(size); buffer !== null; buffer = pool.acquire(size)) {
        all.push(buffer.fill(1));
      }
      all.forEach((buffer, index) => {
        if (index % 32 === 0) {
          kept.push(buffer);
        } else {
          pool.release(buffer);
        }
      });
      pool.trim();
    }
    expect(pool.stats.resident).toBeLessThan(9 * MiB);
    expect(kept.every((buffer) => isAll(buffer, 1))).toBe(true);
  });
});

describe('what somebody has taken away', () => {
  it('is his, whatever the pool does', async () => {
    for (const end of ['trim', 'dispose'] as const) {
      const pool = makePool();
      const buffer = pool.acquire(10_000).fill(7);
      const loot = await steal(buffer);
      pool.release(buffer);
      pool[end]();
      expect(isAll(loot, 7)).toBe(true);
    }
  });
});

describe('the end of the stack', () => {
  it('hands no block out twice, and keeps the accounts', () => {
    const pool = makePool({ maxBytes: MiB, whenFull: 'null', leakDetection: 'off' });
    const overflow = (use: () => void): void => {
      let depth = 0;
      const deeper = (): void => {
        if (++depth % 41 === 0) {
          use();
        }
        deeper();
      };
      expect(deeper).toThrow(RangeError);
    };
    for (let round = 0; round < 20; round++) {
      overflow(() => {
        const buffer = pool.acquire(1024);
        if (buffer !== null) {
          pool.release(buffer);
        }
      });
    }
    overflow(() => {
      pool.trim();
    });
    const { live } = pool.stats;
    const all: Buffer[] = [];
    for (let buffer = pool.acquire(1024); buffer !== null; buffer = pool.acquire(1024)) {
      all.push(buffer);
    }
    expect(all.length).toBeGreaterThan(100);
    expect(pool.stats.live).toBe(live + all.length * 1024);
    expect(new Set(all.map(({ buffer, byteOffset }) => `${chunkOf(buffer)}:${byteOffset}`)).size).toBe(all.length);
  });

  const chunks: ArrayBufferLike[] = [];
  function chunkOf(buffer: ArrayBufferLike): number {
    if (!chunks.includes(buffer)) {
      chunks.push(buffer);
    }
    return chunks.indexOf(buffer);
  }
});
