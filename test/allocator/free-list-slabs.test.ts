import { BumpArena, BumpArenaLazy, FreeList, heap, KiB, MiB, ScopedAllocator } from '../../lib';
import { areDisjoint, codeOf, errorOf, TestSource } from './support';

const DISPOSED = 'ERR_OFFHEAP_DISPOSED';

function allocAll(list: FreeList, most = Infinity): Buffer[] {
  const blocks: Buffer[] = [];
  for (let block = list.alloc(1); block !== null; block = blocks.length < most ? list.alloc(1) : null) {
    blocks.push(block);
  }
  return blocks;
}

describe('A FreeList that grows', () => {
  it('takes a slab from its source whenever it is exhausted, the last one being smaller', () => {
    const source = new TestSource();
    using list = new FreeList(source, { blockSize: 16, count: 4, maxCount: 10 });
    expect([list.count, source.live.size]).toEqual([4, 1]);
    const blocks = allocAll(list);
    expect([blocks.length, list.count, list.live, areDisjoint(blocks)]).toEqual([10, 10, 10, true]);
    expect(source.calls).toEqual([
      ['alloc', 64, 16],
      ['alloc', 64, 16],
      ['alloc', 32, 16],
    ]);
    list.free(blocks[0]!);
    expect([list.alloc(1), list.alloc(1), source.calls.length]).toEqual([blocks[0], null, 3]);
  });

  it('takes no slab while a block of an earlier one is free', () => {
    const source = new TestSource();
    using list = new FreeList(source, { blockSize: 16, count: 2, maxCount: 100 });
    const blocks = allocAll(list, 7);
    blocks.forEach((block) => {
      list.free(block);
    });
    expect(new Set(allocAll(list, 7))).toEqual(new Set(blocks));
    expect([list.count, source.live.size]).toEqual([8, 4]);
  });

  it('stays exhausted while its source is full, and goes on when there is room again', () => {
    const source = new TestSource();
    source.room = 2;
    using list = new FreeList(source, { blockSize: 16, count: 4, maxCount: Infinity });
    const blocks = allocAll(list);
    expect([blocks.length, list.alloc(1), list.count]).toEqual([8, null, 8]);
    source.room = 3;
    expect([list.alloc(1)!.length, list.count]).toEqual([16, 12]);
  });

  it('leaves the limit to its source', () => {
    using arena = new BumpArena(64 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 16, maxCount: Infinity });
    const blocks = allocAll(list);
    expect([blocks.length, arena.remaining, areDisjoint(blocks)]).toEqual([1024, 0, true]);
    list.dispose();
    expect(arena.used).toBe(0);
  });

  it('takes as many blocks as there can be at most, by one slab each', () => {
    const source = new TestSource();
    using list = new FreeList(source, { blockSize: 16, count: 1, maxCount: 3 });
    expect([allocAll(list).length, source.live.size]).toEqual([3, 3]);
    using exact = new FreeList(source, { blockSize: 16, count: 3, maxCount: 6 });
    expect([allocAll(exact).length, source.live.size]).toEqual([6, 5]);
  });

  it('finds the slab of every view', () => {
    using arena = new BumpArenaLazy(16 * MiB);
    using list = new FreeList(arena, { blockSize: 64, count: 4, maxCount: Infinity });
    const blocks: Buffer[] = [];
    for (let i = 0; i < 1000; i++) {
      blocks.push(list.alloc(1)!);
      arena.alloc(i % 3 === 0 ? 2000 : 1, 1);
    }
    expect(areDisjoint(blocks)).toBe(true);
    for (const block of blocks) {
      const view = new Uint8Array(block.buffer, block.byteOffset, 64);
      expect([list.owns(view), list.realloc(view, 3)]).toEqual([true, block]);
    }
    expect(list.owns(arena.alloc(64)!)).toBe(false);
    blocks.forEach((block) => {
      list.free(new Uint8Array(block.buffer, block.byteOffset, 64));
    });
    expect(list.live).toBe(0);
  });

  it('passes on what its source throws when it grows, and stays as it was', () => {
    const source = new TestSource();
    using list = new FreeList(source, { blockSize: 16, count: 2, maxCount: Infinity });
    const blocks = allocAll(list, 2);
    const alloc = source.alloc.bind(source);
    source.alloc = () => {
      throw new Error('no');
    };
    expect(() => list.alloc(1)).toThrow('no');
    source.alloc = () => ({}) as never;
    expect(errorOf(() => list.alloc(1))).toMatchObject({ name: 'TypeError' });
    source.alloc = () => Buffer.alloc(31);
    expect(errorOf(() => list.alloc(1))).toMatchObject({ name: 'TypeError' });
    expect([list.count, list.live]).toEqual([2, 2]);
    source.alloc = alloc;
    expect([list.alloc(1)!.length, list.count, areDisjoint(blocks)]).toEqual([16, 4, true]);
  });

  it('gives a slab back where its source answers no lifetime for it', () => {
    const source = Object.assign(new TestSource(), { lifetimeOf: () => ({ ended: false }) as never });
    expect(errorOf(() => new FreeList(source))).toMatchObject({ name: 'TypeError' });
    expect(source.live.size).toBe(0);
  });

  it('has never more blocks than it may have, though its source comes back to it', () => {
    const source = new TestSource();
    const list = new FreeList(source, { blockSize: 16, count: 4, maxCount: 8 });
    const blocks = allocAll(list, 4);
    const alloc = source.alloc.bind(source);
    source.alloc = (size, align) => {
      source.alloc = alloc;
      blocks.push(...allocAll(list, 1));
      return alloc(size, align);
    };
    blocks.push(...allocAll(list));
    expect([new Set(blocks).size, areDisjoint(blocks)]).toEqual([blocks.length, true]);
    expect(blocks.length).toBeLessThanOrEqual(8);
    expect(list.count).toBeLessThanOrEqual(8);
    list.dispose();
    expect(source.live.size).toBe(0);
  });

  it('takes nothing more where its source disposes of it meanwhile', () => {
    const source = new TestSource();
    const list = new FreeList(source, { blockSize: 16, count: 4, maxCount: 8 });
    allocAll(list, 4);
    const alloc = source.alloc.bind(source);
    source.alloc = (size, align) => {
      list.dispose();
      return alloc(size, align);
    };
    expect(codeOf(() => list.alloc(1))).toBe(DISPOSED);
    expect([codeOf(() => list.alloc(1)), source.live.size]).toEqual([DISPOSED, 0]);
  });
});

describe('Disposing of a FreeList', () => {
  it('gives every slab back once, the last one first', () => {
    const source = new TestSource();
    const list = new FreeList(source, { blockSize: 16, count: 2, maxCount: 6 });
    const blocks = allocAll(list);
    list.free(blocks[0]!);
    const slabs = [...source.live];
    list.dispose();
    list.dispose();
    list[Symbol.dispose]();
    expect(source.freed).toEqual(slabs.reverse());
    for (const use of [
      () => list.alloc(1),
      () => list.alloc(2 ** 40),
      () => list.realloc(blocks[1]!, 1),
      () => {
        list.free(blocks[0]!);
      },
      () => {
        list.free(blocks[1]!);
      },
      () => list.owns(blocks[1]!),
      () => list.lifetimeOf(blocks[1]!),
      () => list.count,
      () => list.live,
    ]) {
      expect(codeOf(use)).toBe(DISPOSED);
    }
    expect([list.blockSize, blocks[1]!.length]).toEqual([16, 16]);
  });

  it('leaves nothing behind in an arena, or in a scope', () => {
    for (const source of [new BumpArena(64 * KiB), new BumpArenaLazy(64 * KiB), new ScopedAllocator(heap, 64 * KiB)]) {
      source.alloc(64);
      const list = new FreeList(source, { blockSize: 64, count: 4, maxCount: Infinity });
      allocAll(list, 100);
      list.dispose();
      expect(source.used).toBe(64);
    }
  });

  it('leaves in an arena what was allocated in between', () => {
    using arena = new BumpArena(64 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 4, maxCount: Infinity });
    allocAll(list, 4);
    const between = arena.alloc(64)!;
    allocAll(list, 8);
    list.dispose();
    expect([arena.used, arena.owns(between)]).toEqual([5 * 64, true]);
  });

  it('is done in full when it is tried again after its source has thrown, and no slab comes back twice', () => {
    const source = new TestSource();
    const list = new FreeList(source, { blockSize: 16, count: 2, maxCount: 6 });
    const blocks = allocAll(list);
    const slabs = [...source.live];
    const lifetimes = blocks.map((block) => list.lifetimeOf(block));
    const free = source.free.bind(source);
    source.free = (block) => {
      if (block === slabs[1]) {
        throw new Error('not now');
      }
      free(block);
    };
    expect(() => {
      list.dispose();
    }).toThrow('not now');
    expect([source.freed, source.live.size]).toEqual([[slabs[2]], 2]);
    expect(lifetimes.slice(4).map(({ ended }) => ended)).toEqual([true, true]);
    expect(blocks.map((block) => list.owns(block))).toEqual([true, true, true, true, false, false]);
    source.free = free;
    list.dispose();
    list.dispose();
    expect(source.freed).toEqual([slabs[2], slabs[1], slabs[0]]);
    expect([lifetimes.every(({ ended }) => ended), codeOf(() => list.alloc(1))]).toEqual([true, DISPOSED]);
  });

  it('leaves a list that works where its source has thrown at once', () => {
    const source = new TestSource();
    const list = new FreeList(source, { blockSize: 16, count: 2, maxCount: 6 });
    const [first, second] = [list.alloc(1)!, list.alloc(1)!.fill(2)];
    source.failure = new Error('not now');
    for (let i = 0; i < 3; i++) {
      expect(() => {
        list.dispose();
      }).toThrow('not now');
    }
    expect([list.live, list.count, list.owns(first), list.owns(second)]).toEqual([2, 2, true, true]);
    list.free(first);
    expect([list.alloc(1), second[15], list.alloc(1)!.length, list.count]).toEqual([first, 2, 16, 4]);
    source.failure = null;
    list.dispose();
    expect(source.live.size).toBe(0);
  });

  it('leaves the figures right, and hands out nothing that was given back, where its source has thrown later', () => {
    const source = new TestSource();
    const list = new FreeList(source, { blockSize: 16, count: 2, maxCount: 4 });
    const [first, second, third] = allocAll(list, 4);
    const [slab] = source.live;
    const free = source.free.bind(source);
    source.free = (block) => {
      if (block === slab) {
        throw new Error('not now');
      }
      free(block);
    };
    list.free(second!);
    list.free(third!);
    expect(() => {
      list.dispose();
    }).toThrow('not now');
    expect([source.live.size, list.live]).toEqual([1, 1]);
    const next = list.alloc(1);
    expect([next === second, list.owns(first!)]).toEqual([true, true]);
    source.free = free;
    list.dispose();
    expect(source.live.size).toBe(0);
  });

  it('waits until the scope that is open in its source has been left', () => {
    using scoped = new ScopedAllocator(heap, 4 * KiB);
    const list = new FreeList(scoped, { blockSize: 16, count: 4 });
    const block = list.alloc(1)!.fill(5);
    scoped.scope((inner) => {
      expect(
        codeOf(() => {
          list.dispose();
        }),
      ).toBe('ERR_OFFHEAP_SCOPED');
      expect([list.owns(block), inner.alloc(8)!.length, list.alloc(1)!.length]).toEqual([true, 8, 16]);
    });
    list.dispose();
    expect(scoped.used).toBe(0);
  });

  it('by its source in the middle of it gives every slab back once', () => {
    const source = new TestSource();
    const list = new FreeList(source, { blockSize: 16, count: 2, maxCount: 6 });
    allocAll(list);
    const free = source.free.bind(source);
    let depth = 0;
    source.free = (block) => {
      if (depth++ === 0) {
        codeOf(() => {
          list.dispose();
        });
      }
      if (source.live.has(block)) {
        free(block);
      }
    };
    codeOf(() => {
      list.dispose();
    });
    source.free = free;
    list.dispose();
    expect([source.live.size, new Set(source.freed).size]).toEqual([0, 3]);
    expect(codeOf(() => list.alloc(1))).toBe(DISPOSED);
  });
});
