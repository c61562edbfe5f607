import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';

import {
  type ArenaPoolOptions,
  arenaPools,
  ArenaPool,
  GiB,
  KiB,
  memoryUsage,
  MiB,
  type RequestArena,
  type RequestMessage,
} from '../../lib';
import { codeOf, DETACHES, isZero } from '../arena/support';
import { collectGarbage, settle } from '../support';
import { STALE_LENGTH, until } from './support';

function used(pool: ArenaPool, bytes: number): void {
  const arena = pool.acquire();
  arena.alloc(bytes)!.fill(1);
  pool.release(arena);
}

describe('An ArenaPool', () => {
  it('gives every request an arena of its own, which begins at 0', () => {
    using pool = new ArenaPool();
    const first = pool.acquire();
    const second = pool.acquire();
    expect(first).not.toBe(second);
    for (const arena of [first, second]) {
      expect([arena.used, arena.committed, arena.capacity]).toEqual([0, 0, GiB]);
      expect(arena.alloc(100)!.byteOffset).toBe(0);
      expect([arena.used, arena.remaining, arena.highWaterMark]).toEqual([100, GiB - 100, 100]);
    }
    pool.release(first);
    const third = pool.acquire();
    expect(third).not.toBe(first);
    expect([third.used, third.alloc(10)!.byteOffset]).toEqual([0, 0]);
    pool.release(second);
    pool.release(third);
  });

  it('makes an arena useless for whoever keeps it', () => {
    using pool = new ArenaPool();
    const arena = pool.acquire();
    arena.alloc(10);
    pool.release(arena);
    const next = pool.acquire();
    next.alloc(10);
    const actions = [
      () => arena.alloc(10),
      () => arena.allocOffset(10),
      () => arena.buffer,
      () => arena.used,
      () => arena.committed,
      () => arena.resident,
      () => arena.checkpoint(),
      () => arena.pin(),
      () => {
        arena.reset();
      },
      () => {
        arena.renew();
      },
      () => {
        arena.trim();
      },
    ];
    for (const action of actions) {
      expect(codeOf(action)).toBe('ERR_OFFHEAP_DISPOSED');
    }
    arena.dispose();
    expect(next.used).toBe(10);
    pool.release(next);
  });

  it('takes an arena back once, however often it is released', () => {
    using pool = new ArenaPool();
    const arena = pool.acquire();
    pool.release(arena);
    pool.release(arena, { aborted: true });
    arena.dispose();
    const { liveArenas, cachedArenas, aborted } = pool.stats;
    expect([liveArenas, cachedArenas, aborted]).toEqual([0, 1, 0]);
    expect(pool.acquire()).not.toBe(pool.acquire());
  });

  it('takes an arena back that is disposed of, and leaves its views as they are', () => {
    using pool = new ArenaPool();
    let block: Buffer;
    {
      using arena = pool.acquire();
      block = arena.alloc(10)!.fill(1);
    }
    expect([block.length, pool.stats.cachedArenas]).toEqual([10, 1]);
    used(pool, 10);
    expect(block.every((byte) => byte === 1)).toBe(true);
  });

  it('refuses what is not its own', () => {
    using pool = new ArenaPool();
    using other = new ArenaPool();
    const arena = other.acquire();
    const release = (value: unknown, options?: unknown) => (): void => {
      pool.release(value as typeof arena, options as { aborted?: boolean });
    };
    expect(codeOf(release(arena))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    expect(codeOf(release({}))).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(release(undefined))).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(release(pool.acquire(), { aborted: 1 }))).toBe('ERR_INVALID_ARG_TYPE');
    expect(arena.alloc(10)).toHaveLength(10);
    other.release(arena);
  });

  it.each([
    [{ name: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ capacity: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ capacity: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ window: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ zeroed: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
    [{ giveBack: 'never' }, 'ERR_INVALID_ARG_VALUE'],
    [{ maxCached: 0.5 }, 'ERR_OUT_OF_RANGE'],
    [{ idleMs: 2 ** 31 }, 'ERR_OUT_OF_RANGE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses the options %j', (options, code) => {
    expect(codeOf(() => new ArenaPool(options as unknown as ArenaPoolOptions))).toBe(code);
  });

  it('answers null when its capacity is used up, to the byte', () => {
    for (const capacity of [1, 100, 64 * KiB, 100 * KiB + 1]) {
      using pool = new ArenaPool({ capacity, window: 64 * KiB });
      for (let round = 0; round < 5; round++) {
        const arena = pool.acquire();
        expect(arena.alloc(capacity + 1)).toBeNull();
        expect(arena.alloc(capacity)).toHaveLength(capacity);
        expect([arena.alloc(1), arena.remaining]).toEqual([null, 0]);
        pool.release(arena);
      }
    }
  });

  it('keeps alignments', () => {
    using pool = new ArenaPool();
    for (let round = 0; round < 50; round++) {
      const arena = pool.acquire();
      arena.alloc(1);
      expect(arena.alloc(10, 4096)!.byteOffset).toBe(4096);
      pool.release(arena);
    }
  });
});

describe('The memory of an ArenaPool', () => {
  it('is zero in every new block, whatever others have left', () => {
    using pool = new ArenaPool({ window: 64 * KiB });
    for (let round = 0; round < 200; round++) {
      const arena = pool.acquire();
      const blocks = [10, 5000, 100, 20_000].map((size) => arena.alloc(size)!);
      expect(blocks.every(isZero)).toBe(true);
      expect(isZero(new Uint8Array(arena.buffer))).toBe(true);
      new Uint8Array(arena.buffer).fill((round % 255) | 1);
      pool.release(arena, { aborted: round % 3 === 0 });
    }
    expect(pool.stats.renews).toBeGreaterThan(10);
  });

  it('is zero after a reset, and after going back, in the middle of a request', () => {
    using pool = new ArenaPool({ window: 64 * KiB });
    for (let round = 0; round < 50; round++) {
      using arena = pool.acquire();
      arena.scope(() => arena.alloc(5000)!.fill(1));
      expect(isZero(arena.alloc(5000)!)).toBe(true);
      for (const startOver of [
        () => {
          arena.reset();
        },
        () => {
          arena.renew();
        },
        () => {
          arena.resetUnsafe();
        },
      ]) {
        arena.alloc(7000)!.fill(1);
        startOver();
        expect([arena.used, isZero(arena.alloc(7000)!)]).toEqual([0, true]);
      }
    }
  });

  it('shows what others have left where that is asked for, and not by allocZeroed', () => {
    using pool = new ArenaPool({ zeroed: false, giveBack: 'reset' });
    let seen = 0;
    const allocZeroed = (arena: RequestArena): void => {
      const block = arena.allocZeroed(5000)!;
      expect(isZero(block)).toBe(true);
      block.fill(1);
    };
    for (let round = 0; round < 50; round++) {
      const arena = pool.acquire();
      const block = arena.alloc(5000)!;
      seen += isZero(block) ? 0 : 1;
      block.fill(1);
      allocZeroed(arena);
      if (round % 10 === 0) {
        arena.trim();
      }
      arena.renew();
      allocZeroed(arena);
      pool.release(arena);
    }
    // Without detaching, memory is moved instead, and where it cannot be, other memory is taken.
    expect(seen > 10 || !DETACHES).toBe(true);
  });

  it('is moved once for many requests', () => {
    using pool = new ArenaPool({ window: MiB });
    for (let round = 0; round < 320; round++) {
      used(pool, 16 * KiB);
    }
    expect(pool.stats.renews).toBeGreaterThan(5);
    expect(pool.stats.renews).toBeLessThanOrEqual(40);
    expect(pool.stats.committed).toBeLessThanOrEqual(2 * MiB);
  });

  it('serves again at once with giveBack: reset, where views can be detached', () => {
    using pool = new ArenaPool({ giveBack: 'reset', window: 64 * KiB });
    for (let round = 0; round < 100; round++) {
      used(pool, 16 * KiB);
    }
    expect(pool.stats.renews > 0).toBe(!DETACHES);
  });

  it('stays level over a thousand requests', async () => {
    using pool = new ArenaPool();
    const before = memoryUsage();
    for (let round = 0; round < 1000; round++) {
      used(pool, 100 * KiB);
      if (round % 50 === 0) {
        await settle(1);
      }
    }
    await settle();
    const { committed, resident } = pool.stats;
    expect(committed).toBeLessThanOrEqual(4 * MiB);
    expect(resident).toBeLessThanOrEqual(4 * MiB);
    expect(memoryUsage().kinds.arena.resident - before.kinds.arena.resident).toBeLessThanOrEqual(8 * MiB);
  });

  it('that a single large request has made usable goes back when it ends', () => {
    using pool = new ArenaPool();
    for (let round = 0; round < 20; round++) {
      used(pool, 10 * KiB);
    }
    used(pool, 64 * MiB);
    expect(pool.stats).toMatchObject({ cachedArenas: 0, committed: 0, highWaterMark: 64 * MiB });
    used(pool, 10 * KiB);
    expect(pool.stats.committed).toBeLessThanOrEqual(MiB);
    // Two of a kind are no outlier.
    used(pool, 16 * MiB);
    used(pool, 16 * MiB);
    used(pool, 16 * MiB);
    expect(pool.stats.committed).toBeGreaterThanOrEqual(16 * MiB);
  });
});

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
