import { setTimeout as sleep } from 'node:timers/promises';

import { ArenaPool, arenaPools, currentArena, type RequestArena, withArena } from '../../lib';
import { codeOf, isZero } from '../arena/support';
import { STALE_LENGTH } from './support';

describe('withArena', () => {
  it('calls a function with an arena, and gives that back when it returns', () => {
    using pool = new ArenaPool();
    let inside: RequestArena | undefined;
    const result = withArena(
      (arena) => {
        inside = arena;
        arena.alloc(10);
        expect(currentArena()).toBe(arena);
        expect(pool.stats.liveArenas).toBe(1);
        return 'result';
      },
      { pool },
    );
    expect(result).toBe('result');
    expect(pool.stats).toMatchObject({ liveArenas: 0, cachedArenas: 1, aborted: 0 });
    expect(codeOf(() => inside!.alloc(1))).toBe('ERR_OFFHEAP_DISPOSED');
    expect(currentArena()).toBeUndefined();
  });

  it('gives it back when a promise has settled, across awaits', async () => {
    using pool = new ArenaPool();
    let block!: Buffer;
    const result = withArena(
      async (arena) => {
        block = arena.alloc(10)!;
        await sleep(5);
        expect([currentArena() === arena, block.length]).toEqual([true, 10]);
        return 7;
      },
      { pool },
    );
    expect(pool.stats.liveArenas).toBe(1);
    expect(await result).toBe(7);
    expect(pool.stats.liveArenas).toBe(0);
    expect(block).toHaveLength(STALE_LENGTH(10));
  });

  it('waits for what only looks like a promise', async () => {
    using pool = new ArenaPool();
    const thenable = { then: (resolve: (value: number) => void) => setTimeout(resolve, 5, 8) };
    const result = withArena(() => thenable, { pool });
    expect(pool.stats.liveArenas).toBe(1);
    expect(await (result as unknown as Promise<number>)).toBe(8);
    expect(pool.stats.liveArenas).toBe(0);
  });

  it('takes an exception and a rejection for an abort', async () => {
    using pool = new ArenaPool();
    const blocks: Buffer[] = [];
    const fail = (arena: RequestArena): never => {
      blocks.push(arena.alloc(10)!);
      throw new Error('failed');
    };
    expect(() => withArena(fail, { pool })).toThrow('failed');
    expect(pool.stats).toMatchObject({ liveArenas: 0, aborted: 1 });
    // eslint-disable-next-line @typescript-eslint/require-await
    await expect(withArena(async (arena) => fail(arena), { pool })).rejects.toThrow('failed');
    expect(pool.stats).toMatchObject({ liveArenas: 0, aborted: 2 });
    expect(blocks.map(({ length }) => length)).toEqual([10, 10]); // not detached: jobs may be running
  });

  it('waits for pins', async () => {
    using pool = new ArenaPool();
    const pin = await withArena((arena) => Promise.resolve(arena.pin()), { pool });
    expect(pool.stats).toMatchObject({ liveArenas: 1, pinned: 1 });
    pin.release();
    expect(pool.stats).toMatchObject({ liveArenas: 0, pinned: 0 });
  });

  it('nests, each call with an arena of its own', async () => {
    using pool = new ArenaPool();
    await withArena(
      async (outer) => {
        const kept = outer.alloc(10)!.fill(1);
        await withArena(
          async (inner) => {
            expect(inner).not.toBe(outer);
            await sleep(1);
            expect(currentArena()).toBe(inner);
            inner.alloc(10)!.fill(2);
          },
          { pool },
        );
        expect(currentArena()).toBe(outer);
        expect(kept.every((byte) => byte === 1)).toBe(true);
      },
      { pool },
    );
    expect(pool.stats).toMatchObject({ liveArenas: 0, cachedArenas: 2 });
  });

  it('gives no other arena to what goes on after the end', async () => {
    using pool = new ArenaPool();
    let late!: Promise<RequestArena | undefined>;
    withArena(
      () => {
        late = sleep(10).then(() => currentArena());
      },
      { pool },
    );
    const next = withArena(() => sleep(30), { pool }); // has the same memory by now
    expect(await late).toBeUndefined();
    await next;
  });

  it('keeps a hundred at a time apart', async () => {
    using pool = new ArenaPool();
    const one = (own: number): Promise<void> =>
      withArena(
        async (arena) => {
          const blocks: Buffer[] = [];
          for (let i = 0; i < 10; i++) {
            const block = currentArena()!.alloc(1000 + 37 * own)!;
            expect(isZero(block)).toBe(true);
            blocks.push(block.fill(own));
            await sleep(own % 3);
            expect(currentArena()).toBe(arena);
          }
          expect(blocks.every((block) => block.every((byte) => byte === own))).toBe(true);
        },
        { pool },
      );
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 100 }, (_, i) => one(i + 1)));
    }
    expect(pool.stats).toMatchObject({ liveArenas: 0, cachedArenas: 100, misses: 100, hits: 200 });
  });

  it('has a pool for all who name none', () => {
    withArena((arena) => arena.alloc(10));
    const [first] = [...arenaPools].filter(([name]) => name === 'default');
    const { requests } = first![1].stats;
    withArena((arena) => arena.alloc(10));
    expect(first![1].stats.requests).toBe(requests + 1);
  });

  it('refuses wrong arguments before it takes an arena', () => {
    using pool = new ArenaPool();
    const call = withArena as (fn: unknown, options?: unknown) => unknown;
    for (const attempt of [
      () => call(undefined, { pool }),
      () => call({}, { pool }),
      () => call(() => 1, { pool: {} }),
      () => call(() => 1, null),
    ]) {
      expect(codeOf(attempt)).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(pool.stats.requests).toBe(0);
    pool.dispose();
    expect(codeOf(() => withArena(() => 1, { pool }))).toBe('ERR_OFFHEAP_DISPOSED');
  });
});
