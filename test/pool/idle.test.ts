import { AsyncLocalStorage } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';

import { KiB, MiB, type TrimMessage } from '../../lib';
import { makePool, until } from './support';

const DIST = join(__dirname, '../../dist');

function outputOf(program: string): string {
  return execFileSync(process.execPath, ['--expose-gc', '-e', program], { encoding: 'utf8', timeout: 50_000 });
}

describe('idle memory', () => {
  it('goes back by size class, and what is in use stays', async () => {
    const pool = makePool({ idleMs: 200, name: 'idle' });
    const trimmed: TrimMessage[] = [];
    const listener = (message: unknown): void => {
      trimmed.push(message as TrimMessage);
    };
    subscribe('offheap:trim', listener);
    const idle = Array.from({ length: 64 }, () => pool.acquire(64 * KiB).fill(1));
    idle.forEach((buffer) => {
      pool.release(buffer);
    });
    // A class that is needed all the time keeps what it needs.
    const use = (): void => {
      const buffers = Array.from({ length: 4 }, () => pool.acquire(16 * KiB).fill(2));
      buffers.forEach((buffer) => {
        pool.release(buffer);
      });
    };
    const timer = setInterval(use, 10);
    use();
    try {
      await until(() => pool.stats.cached === 4 * 16 * KiB);
      expect(pool.stats.sizes.map(({ size, cached }) => [size, cached])).toEqual([
        [16 * KiB, 4],
        [64 * KiB, 0],
      ]);
      expect(pool.stats.resident).toBeLessThan(MiB);
      expect(trimmed.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(64 * 64 * KiB);
      expect(trimmed.every(({ pool: name }) => name === 'idle')).toBe(true);
    } finally {
      clearInterval(timer);
      unsubscribe('offheap:trim', listener);
    }
    await until(() => pool.stats.cached === 0);
  });

  it('stays for good with an infinite idleMs', async () => {
    const pool = makePool({ idleMs: Infinity });
    pool.release(pool.acquire(64 * KiB));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pool.stats.cachedBuffers).toBe(1);
  });

  it('is handed out again after it came back', async () => {
    const pool = makePool({ idleMs: 20 });
    const kept = pool.acquire(64 * KiB).fill(1);
    const others = Array.from({ length: 10 }, () => pool.acquire(64 * KiB).fill(2));
    others.forEach((buffer) => {
      pool.release(buffer);
    });
    const { reserved } = pool.stats;
    await until(() => pool.stats.cached === 0);
    const again = Array.from({ length: 10 }, () => pool.acquire(64 * KiB).fill(3));
    expect(kept.every((byte) => byte === 1)).toBe(true);
    expect(again.every((buffer) => buffer.every((byte) => byte === 3))).toBe(true);
    expect(pool.stats.reserved).toBeLessThanOrEqual(reserved);
  });

  it('is no matter of the request in which it was used first', async () => {
    const storage = new AsyncLocalStorage<object>();
    const seen: unknown[] = [];
    const listener = (): void => {
      seen.push(storage.getStore());
    };
    subscribe('offheap:trim', listener);
    const pool = makePool({ idleMs: 20 });
    storage.run({}, () => {
      pool.release(pool.acquire(1000));
    });
    await until(() => seen.length > 0);
    unsubscribe('offheap:trim', listener);
    expect(seen).toEqual([undefined]);
  });

  it('keeps no process alive', () => {
    const program = `
      const { BufferPool } = require(${JSON.stringify(DIST)});
      const pool = new BufferPool({ idleMs: 100_000 });
      pool.release(pool.acquire(1000));
      pool.acquire(1000);
      console.log('done');`;
    expect(outputOf(program)).toBe('done\n');
  });

  it('keeps no pool alive', () => {
    const program = `
      const { BufferPool, memoryUsage } = require(${JSON.stringify(DIST)});
      (() => {
        const pool = new BufferPool({ idleMs: 100_000 });
        pool.release(pool.acquire(1000).fill(1));
      })();
      const collect = (turns) => {
        gc();
        const { committed, retired } = memoryUsage().kinds.pool;
        if (committed + retired > 0 && turns > 0) setImmediate(collect, turns - 1);
        else console.log(committed, retired);
      };
      setImmediate(collect, 1000);`;
    expect(outputOf(program)).toBe('0 0\n');
  });
});

describe('a burst', () => {
  // In a process in which nothing else happens.
  const burst = (size: number): string => `
    const { BufferPool, memoryUsage } = require(${JSON.stringify(DIST)});
    const idleMs = 1000;
    const pool = new BufferPool({ idleMs });
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const use = (bytes) => {
      const buffers = [];
      for (let i = 0; i < bytes / ${size}; i++) buffers.push(pool.acquire(${size}).fill(1));
      for (const buffer of buffers) pool.release(buffer);
    };
    (async () => {
      use(2 ** 26);
      pool.trim();
      gc();
      await sleep(100);
      const start = process.memoryUsage.rss();
      use(2 ** 30);
      const peak = memoryUsage().kinds.pool.resident;
      await sleep(2 * idleMs);
      const end = memoryUsage().kinds.pool.resident;
      console.log(JSON.stringify({ peak, end, ratio: process.memoryUsage.rss() / start }));
    })();`;
  const after = (size: number): { peak: number; end: number; ratio: number } =>
    JSON.parse(outputOf(burst(size))) as ReturnType<typeof after>;

  it.each([4 * KiB, 64 * KiB, MiB, 4 * MiB + 1])('of 1 GiB in Buffers of %d bytes leaves nothing behind', (size) => {
    const { peak, end, ratio } = after(size);
    expect(peak).toBeGreaterThanOrEqual(2 ** 30);
    expect(end).toBe(0);
    // Of many small Buffers, V8 keeps some of the heap that the objects took; and Node 26 at times 9 MiB of its own, besides the heap.
    if (size >= MiB) {
      expect(ratio).toBeLessThan(process.version.startsWith('v26.') ? 1.25 : 1.05);
    }
  });
});
