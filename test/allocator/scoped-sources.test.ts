import {
  type BlockOwner,
  Box,
  BumpArena,
  BumpArenaLazy,
  FreeList,
  heap,
  KiB,
  MiB,
  type Scope,
  ScopedAllocator,
  u32,
  Vec,
} from '../../lib';
import { ARENAS } from '../arena/support';
import { areDisjoint, codeOf, SOURCES, steal, TestSource, transfer } from './support';

const STALE = 'ERR_OFFHEAP_STALE';

/** What an allocator says whose memory is gone. */
function expectLost(scoped: Scope, block: Buffer): void {
  for (let again = 0; again < 2; again++) {
    expect([codeOf(() => scoped.alloc(8)), codeOf(() => Box.newIn(scoped, u32))]).toEqual([STALE, STALE]);
    expect(scoped.owns(block)).toBe(false);
    expect(codeOf(() => scoped.realloc(block, 100))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    expect(codeOf(() => scoped.scope((inner) => inner.alloc(1)))).toBe(STALE);
    expect(scoped.isScoped).toBe(false);
  }
}

describe.each(SOURCES)('A ScopedAllocator on %s', (_name, { keepsContents, make }) => {
  it('has a block of its own, which it gives back', () => {
    const source = make();
    const others = [source.alloc(1000)!, source.alloc(10)!];
    const scoped = new ScopedAllocator(source, 1000);
    const blocks = [scoped.alloc(100)!, scoped.alloc(300)!];
    scoped.scope((inner) => {
      const inside = inner.alloc(300)!;
      expect(areDisjoint([...others, ...blocks, inside])).toBe(true);
    });
    expect(source.owns(blocks[0]!)).toBe(true);
    scoped.dispose();
    scoped.dispose();
    expect(source.owns(blocks[0]!)).toBe(false);
    others.forEach((block) => {
      source.free(block);
    });
  });

  it('can be put on and taken off for ever', () => {
    const source = make();
    for (let round = 0; round < 5000; round++) {
      using scoped = new ScopedAllocator(source, 60 * KiB);
      scoped.scope((inner) => inner.scope((deeper) => deeper.alloc(1000)!.fill(round)));
    }
    expect(source.alloc(60 * KiB)).not.toBeNull();
  });

  it('can be put on one of its own, and on a scope of that', () => {
    using outer = new ScopedAllocator(make(), 10 * KiB);
    const first = outer.alloc(8)!;
    using middle = new ScopedAllocator(outer, 4 * KiB);
    const blocks = [first, middle.alloc(100)!];
    let kept!: ScopedAllocator;
    middle.scope((scope) => {
      kept = new ScopedAllocator(scope, 1 * KiB);
      blocks.push(kept.alloc(100)!, scope.alloc(100)!, outer.alloc(100)!);
      expect(areDisjoint(blocks)).toBe(true);
      expect(
        codeOf(() => {
          middle.dispose();
        }),
      ).toBe('ERR_OFFHEAP_SCOPED');
    });
    expectLost(kept, blocks[2]!);
    kept.dispose();
    expect(codeOf(() => kept.alloc(1))).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('finds its memory again where the ArrayBuffer was taken away, if it can be found', async () => {
    const scoped = new ScopedAllocator(make(), 1000);
    const box = Box.newIn(scoped, u32, 7)!;
    const vec = Vec.newIn(scoped, u32, 4)!;
    vec.extend([1, 2, 3]);
    const block = scoped.alloc(16)!;
    const { used } = scoped;
    await steal(block);
    if (!keepsContents) {
      expect([codeOf(() => box.value), codeOf(() => vec.at(0))]).toEqual([STALE, STALE]);
      expectLost(scoped, block);
      expect(scoped.used).toBe(used);
    } else {
      const next = scoped.alloc(16)!.fill(0xff);
      expect(next.byteOffset).toBeGreaterThan(0);
      expect([box.value, [...vec], scoped.used]).toEqual([7, [1, 2, 3], used + 16]);
      expect([scoped.owns(block), scoped.owns(next)]).toEqual([false, true]);
      expect(vec.extend(Array(50).fill(9))).toBe(3);
      expect([box.value, vec.at(0), vec.at(52), next.every((byte) => byte === 0xff)]).toEqual([7, 1, 9, true]);
      scoped.scope((inner) => {
        expect(inner.alloc(100)).toHaveLength(100);
      });
    }
    scoped.dispose();
    expect(codeOf(() => box.value)).toBe(STALE);
  });

  it('frees a Box whose ArrayBuffer was taken away', async () => {
    const scoped = new ScopedAllocator(make(), 1000);
    const box = Box.newIn(scoped, u32, 7)!;
    await steal(scoped.alloc(16)!);
    const code = codeOf(() => {
      box.free();
    });
    expect([undefined, STALE]).toContain(code);
    box[Symbol.dispose]();
    expect(codeOf(() => box.value)).toBe(STALE);
  });

  it.each([
    ['at once', false],
    ['after it has noticed', true],
  ])('is disposed of %s where the ArrayBuffer was taken away', async (_when, notice) => {
    const source = make();
    const scoped = new ScopedAllocator(source, 1000);
    await steal(scoped.alloc(16)!);
    if (notice) {
      codeOf(() => scoped.alloc(1));
    }
    scoped.dispose();
    scoped.dispose();
    expect(codeOf(() => scoped.alloc(1))).toBe('ERR_OFFHEAP_DISPOSED');
    using next = new ScopedAllocator(make(), 1000);
    expect(next.alloc(1000)).toHaveLength(1000);
  });
});

describe.each(ARENAS)('A ScopedAllocator on a %s', (_name, Arena) => {
  const ways: [string, (arena: BumpArena) => void][] = [
    [
      'reset',
      (arena) => {
        arena.reset();
      },
    ],
    [
      'renewed',
      (arena) => {
        arena.renew();
      },
    ],
    [
      'renewed and detached',
      (arena) => {
        arena.renew({ detach: true });
      },
    ],
    [
      'reset without care',
      (arena) => {
        arena.resetUnsafe();
      },
    ],
  ];

  it.each(ways)('is lost when that is %s, and aliases nothing', (_way, startOver) => {
    using arena = new Arena(64 * KiB);
    const scoped = new ScopedAllocator(arena, 4 * KiB);
    const block = scoped.alloc(100)!;
    const box = Box.newIn(scoped, u32, 5)!;
    const lifetime = scoped.lifetimeOf(block);
    startOver(arena);
    const all = arena.alloc(64 * KiB)!.fill(9);
    expectLost(scoped, block);
    expect([lifetime.ended, codeOf(() => box.value), codeOf(() => (box.value = 3))]).toEqual([true, STALE, STALE]);
    expect(
      codeOf(() => {
        box.free();
      }),
    ).toBe(STALE);
    scoped.dispose();
    expect([arena.used, all.every((byte) => byte === 9)]).toEqual([64 * KiB, true]);
  });

  it('is lost in the middle of a scope as well, and the scope can be left', () => {
    for (const [, startOver] of ways) {
      using arena = new Arena(64 * KiB);
      const scoped = new ScopedAllocator(arena, 4 * KiB);
      scoped.scope((inner) => {
        const block = inner.alloc(100)!;
        const vec = Vec.newIn(inner, u32, 4)!;
        startOver(arena);
        const all = arena.alloc(64 * KiB)!.fill(9);
        expectLost(inner, block);
        expect([codeOf(() => vec.push(1)), codeOf(() => vec.at(0))]).toEqual([STALE, STALE]);
        expect(all.every((byte) => byte === 9)).toBe(true);
      });
      expect([scoped.isScoped, codeOf(() => scoped.alloc(1))]).toEqual([false, STALE]);
      scoped.dispose();
    }
  });

  it('is lost when that goes back to before it, and only then', () => {
    using arena = new Arena(64 * KiB);
    const before = arena.checkpoint();
    using scoped = new ScopedAllocator(arena, 4 * KiB);
    const block = scoped.alloc(8)!;
    const after = arena.checkpoint();
    arena.alloc(100);
    arena.rewind(after);
    expect([scoped.alloc(8)!.length, scoped.owns(block)]).toEqual([8, true]);
    arena.rewind(before);
    expectLost(scoped, block);
    using inScope = arena.scope(() => new ScopedAllocator(arena, 100));
    expectLost(inScope, block);
  });

  it('is lost when that is disposed of', () => {
    const arena = new Arena(64 * KiB);
    const scoped = new ScopedAllocator(arena, 4 * KiB);
    const block = scoped.alloc(8)!;
    arena.dispose();
    expectLost(scoped, block);
    scoped.dispose();
    expect(codeOf(() => new ScopedAllocator(arena, 1))).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('gives the arena back what it had, where it was the last block', () => {
    using arena = new Arena(64 * KiB);
    arena.alloc(8);
    new ScopedAllocator(arena, 4 * KiB).dispose();
    expect(arena.used).toBe(8);
    const scoped = new ScopedAllocator(arena, 4 * KiB);
    const last = arena.alloc(8)!;
    scoped.dispose();
    expect([arena.used, arena.owns(last)]).toEqual([16 + 4 * KiB, true]);
  });
});

describe('A ScopedAllocator', () => {
  it('follows an arena that grows', () => {
    using arena = new BumpArenaLazy(64 * MiB);
    using scoped = new ScopedAllocator(arena, 4 * KiB);
    const block = scoped.alloc(8)!.fill(1);
    const box = Box.newIn(scoped, u32, 7)!;
    arena.alloc(32 * MiB)!.fill(2);
    const next = scoped.alloc(8)!.fill(3);
    expect([scoped.owns(block), scoped.owns(next), box.value]).toEqual([true, true, 7]);
    expect([...block, ...scoped.realloc(block, 16)!.subarray(0, 8)]).toEqual(Array(16).fill(1));
    box.free();
  });

  it('is lost when the FreeList, or the scope, that it is from ends', () => {
    const list = new FreeList(heap, { blockSize: 1 * KiB, count: 2 });
    const scoped = new ScopedAllocator(list, 1000);
    const block = scoped.alloc(8)!;
    list.dispose();
    expectLost(scoped, block);
    scoped.dispose();
    using outer = new ScopedAllocator(heap, 1000);
    const inside = outer.scope((scope) => new ScopedAllocator(scope, 100));
    expectLost(inside, block);
    inside.dispose();
  });

  it('is lost when the block was freed under it', () => {
    const source: BlockOwner = heap;
    const scoped = new ScopedAllocator(source, 100);
    const block = scoped.alloc(100)!;
    source.free(block); // it is the whole of it
    expectLost(scoped, block);
    scoped.dispose();
  });

  it('cannot be told from a source of the user that knows of no lifetimes, and notices even so what is taken', () => {
    const source = new TestSource();
    const scoped = new ScopedAllocator(source, 100);
    const block = scoped.alloc(8)!;
    transfer(block);
    expectLost(scoped, block);
    scoped.dispose();
  });

  it('works on memory that is shared between threads', () => {
    const source = Object.assign(new TestSource(), {
      alloc: (size: number) => Buffer.from(new SharedArrayBuffer(size)),
      free() {},
    });
    using scoped = new ScopedAllocator(source, 100);
    const box = Box.newIn(scoped, u32, 7)!;
    expect([box.value, scoped.alloc(8)!.buffer]).toEqual([7, expect.any(SharedArrayBuffer)]);
    scoped.scope((inner) => inner.alloc(8)!.fill(1));
    box.free();
  });

  it('on memory that was made shorter answers no block beyond it', () => {
    const buffer = new ArrayBuffer(100, { maxByteLength: 100 });
    const source = Object.assign(new TestSource(), { alloc: () => Buffer.from(buffer, 0, 100), free() {} });
    using scoped = new ScopedAllocator(source, 100);
    scoped.alloc(8);
    buffer.resize(50);
    expect(codeOf(() => scoped.alloc(80))).toBe(STALE);
    buffer.resize(0);
    expect(codeOf(() => scoped.alloc(8))).toBe(STALE);
  });

  it('refuses what a source answers that is no such block', () => {
    const answers = [undefined, 5, {}, Buffer.alloc(99), new Uint8Array(100), [], 'text'];
    for (const answer of answers) {
      const source = Object.assign(new TestSource(), { alloc: () => answer as never });
      let error: unknown;
      try {
        new ScopedAllocator(source, 100);
      } catch (thrown) {
        error = thrown;
      }
      expect((error as Error | undefined)?.name).toBe('TypeError');
    }
  });
});
