import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';

import { arenaPools, ArenaPool, KiB, MiB, type RequestMessage } from '../../lib';
import { codeOf } from '../arena/support';
import { collectGarbage } from '../support';
import { STALE_LENGTH, until, used } from './support';

describe('What an ArenaPool keeps', () => {
  it('is the warmest first, and no more than maxCached', () => {
    using pool = new ArenaPool({ maxCached: 2 });
    const arenas = [1, 2, 3].map(() => pool.acquire());
    arenas.forEach((arena) => arena.alloc(10));
    arenas.forEach((arena) => {
      pool.release(arena);
    });
    expect(pool.stats).toMatchObject({ cachedArenas: 2, hits: 0, misses: 3, hitRate: 0 });
    used(pool, 10);
    expect(pool.stats).toMatchObject({ cachedArenas: 2, hits: 1, misses: 3, hitRate: 1 / 4 });
  });

  it('goes back after idleMs, and not before', async () => {
    using pool = new ArenaPool({ idleMs: 150 });
    const began = performance.now();
    used(pool, 10);
    const second = pool.acquire();
    used(pool, 10);
    pool.release(second);
    expect(pool.stats.cachedArenas).toBe(2);
    await until('the idle arenas are gone', () => pool.stats.cachedArenas === 0);
    expect(performance.now() - began).toBeGreaterThanOrEqual(149);
    expect(pool.stats).toMatchObject({ committed: 0, reserved: 0, resident: 0, cached: 0 });
    used(pool, 10); // and the clock is wound up again
    await until('the idle arena is gone', () => pool.stats.cachedArenas === 0);
  });

  it('stays while it is used', async () => {
    using pool = new ArenaPool({ idleMs: 200 });
    const end = performance.now() + 600;
    while (performance.now() < end) {
      used(pool, 10);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(pool.stats.misses).toBeLessThanOrEqual(2); // 1, unless the machine has slept for 200 ms
  });

  it('goes back by trim() and by dispose()', () => {
    const pool = new ArenaPool();
    used(pool, 10);
    pool.trim();
    expect(pool.stats.cachedArenas).toBe(0);
    const arena = pool.acquire();
    used(pool, 10);
    pool.dispose();
    pool.dispose();
    expect(pool.stats.cachedArenas).toBe(0);
    expect(codeOf(() => pool.acquire())).toBe('ERR_OFFHEAP_DISPOSED');
    expect(arena.alloc(10)).toHaveLength(10); // its request goes on
    pool.release(arena);
    expect(pool.stats).toMatchObject({ liveArenas: 0, cachedArenas: 0, committed: 0 });
  });
});

describe('A pin on the arena of a request', () => {
  it('keeps it until the last one is released', () => {
    using pool = new ArenaPool();
    const arena = pool.acquire();
    const block = arena.alloc(10)!.fill(1);
    const pins = [arena.pin(), arena.pin()];
    pool.release(arena);
    pool.release(arena);
    expect(pool.stats).toMatchObject({ pinned: 1, liveArenas: 1, cachedArenas: 0 });
    pins[0]!.release();
    pins[0]!.release();
    expect([pool.stats.pinned, block.length, arena.alloc(10)!.length]).toEqual([1, 10, 10]);
    const another = arena.pin();
    pins[1]!.release();
    expect(pool.stats.pinned).toBe(1);
    another.release();
    expect(pool.stats).toMatchObject({ pinned: 0, liveArenas: 0, cachedArenas: 1 });
    expect(block).toHaveLength(STALE_LENGTH(10));
  });

  it('is refused by nobody but dispose', () => {
    using pool = new ArenaPool();
    const arena = pool.acquire();
    const pin = arena.pin();
    expect(
      codeOf(() => {
        arena.dispose();
      }),
    ).toBe('ERR_OFFHEAP_PINNED');
    pin.release();
    expect(pool.stats.liveArenas).toBe(1); // nobody has released it
    pool.release(arena);
    expect(pool.stats.liveArenas).toBe(0);
  });
});

describe('The statistics of an ArenaPool', () => {
  it('say what is with requests and what waits', () => {
    using pool = new ArenaPool({ capacity: 16 * MiB });
    expect(pool.stats).toEqual({
      live: 0,
      liveArenas: 0,
      cached: 0,
      cachedArenas: 0,
      reserved: 0,
      committed: 0,
      resident: 0,
      highWaterMark: 0,
      requests: 0,
      aborted: 0,
      hits: 0,
      misses: 0,
      hitRate: 0,
      pinned: 0,
      renews: 0,
    });
    const arena = pool.acquire();
    arena.alloc(100 * KiB)!.fill(1);
    const during = pool.stats;
    expect(during).toMatchObject({
      live: 100 * KiB,
      liveArenas: 1,
      cached: 0,
      requests: 1,
      misses: 1,
      highWaterMark: 100 * KiB,
    });
    expect(arena.stats).toMatchObject({ live: 100 * KiB, committed: arena.committed, resident: arena.resident });
    expect(arena.resident).toBeGreaterThanOrEqual(100 * KiB);
    expect(arena.resident).toBeLessThanOrEqual(arena.committed);
    expect(during.reserved).toBeGreaterThanOrEqual(16 * MiB);
    expect(during.committed).toBeGreaterThanOrEqual(100 * KiB);
    expect(during.resident).toBeGreaterThanOrEqual(100 * KiB);
    pool.release(arena, { aborted: true });
    expect(pool.stats).toMatchObject({ live: 0, cached: during.committed, cachedArenas: 1, aborted: 1 });
  });

  it('are found by the name of the pool, as long as there is one', () => {
    const names = (): string[] => [...arenaPools].map(([name]) => name).filter((name) => name.startsWith('the-name'));
    const pool = new ArenaPool({ name: 'the-name' });
    using second = new ArenaPool({ name: 'the-name' });
    expect([pool.name, second.name]).toEqual(['the-name', 'the-name-2']);
    expect(names()).toEqual(['the-name', 'the-name-2']);
    pool.dispose();
    expect(names()).toEqual(['the-name-2']);
  });

  it('are shown by inspect', () => {
    const pool = new ArenaPool({ name: 'shown' });
    const arena = pool.acquire();
    arena.alloc(2 * KiB);
    expect(inspect(pool)).toBe("ArenaPool { name: 'shown', live: 2 KiB in 1, cached: 0 B in 0, requests: 1 }");
    expect(inspect(arena)).toMatch(
      /^RequestArena \{ used: 2 KiB, capacity: 1 GiB, highWaterMark: 2 KiB, committed: .*\}$/,
    );
    pool.release(arena);
    pool.dispose();
    expect([inspect(pool), inspect(arena)]).toEqual(['ArenaPool { disposed }', 'RequestArena { disposed }']);
  });

  it('are published when an arena comes back', () => {
    using pool = new ArenaPool({ name: 'published' });
    const messages: unknown[] = [];
    const onMessage = (message: unknown): void => {
      if ((message as RequestMessage).pool === 'published') {
        messages.push(message);
        unsubscribe('offheap:request', onMessage);
        pool.release(pool.acquire()); // what others do meanwhile does no harm
      }
    };
    used(pool, 10);
    subscribe('offheap:request', onMessage);
    const arena = pool.acquire();
    arena.alloc(30);
    arena.reset();
    arena.alloc(20);
    pool.release(arena, { aborted: true });
    expect(messages).toEqual([{ pool: 'published', used: 30, aborted: true }]);
    expect(pool.stats.liveArenas).toBe(0);
  });

  it('are of no pool that was dropped', async () => {
    const count = (): number => [...arenaPools].filter(([name]) => name.startsWith('dropped')).length;
    for (let i = 0; i < 10; i++) {
      used(new ArenaPool({ name: 'dropped', idleMs: 1 }), 10);
    }
    await until('the pools are collected', () => {
      collectGarbage();
      return count() === 0;
    });
  });
});
