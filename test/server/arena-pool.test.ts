import { type ArenaPoolOptions, ArenaPool, GiB, KiB, memoryUsage, MiB, type RequestArena } from '../../lib';
import { codeOf, DETACHES, isZero } from '../arena/support';
import { settle } from '../support';
import { used } from './support';

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
