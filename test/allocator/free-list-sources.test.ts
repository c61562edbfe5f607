import {
  type BlockOwner,
  Box,
  type BumpArena,
  FreeList,
  heap,
  KiB,
  ScopedAllocator,
  struct,
  u32,
  Vec,
} from '../../lib';
import { ARENAS } from '../arena/support';
import { settle } from '../support';
import { areDisjoint, codeOf, SOURCES, steal, TestSource, transfer } from './support';

const STALE = 'ERR_OFFHEAP_STALE';

const Point = struct({ x: u32, y: u32 });

/** What a list says whose memory is gone. */
function expectLost(list: FreeList, live: Buffer): void {
  for (let again = 0; again < 2; again++) {
    expect([codeOf(() => list.alloc(8)), codeOf(() => Box.newIn(list, u32))]).toEqual([STALE, STALE]);
    expect([codeOf(() => list.realloc(live, 1)), list.owns(live)]).toEqual([STALE, false]);
  }
}

describe.each(SOURCES)('A FreeList on %s', (_name, { keepsContents, make }) => {
  it('has memory of its own, which it gives back', () => {
    const source = make();
    const others = [source.alloc(100)!];
    const list = new FreeList(source, { blockSize: 64, count: 20, maxCount: 40 });
    const blocks = Array.from({ length: 40 }, () => list.alloc(1)!);
    expect([areDisjoint([...blocks, ...others]), list.alloc(1)]).toEqual([true, null]);
    const ranges = blocks.map(({ buffer, byteOffset }) => Buffer.from(buffer, byteOffset, 64));
    expect(ranges.every((range) => source.owns(range))).toBe(true);
    list.dispose();
    expect(ranges.some((range) => source.owns(range))).toBe(false);
  });

  it('lies in blocks that the source owns, whatever object they are seen through', () => {
    const source = make();
    using list = new FreeList(source, { blockSize: 64, count: 20 });
    const block = list.alloc(1)!;
    expect([source.owns(block), source.owns(block.subarray(3)), source.owns(Buffer.alloc(64))]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('makes Boxes stale when they are freed, and Vecs, though the memory is used again', () => {
    using list = new FreeList(make(), { blockSize: 64, count: 2 });
    const box = Box.newIn(list, Point, { x: 1, y: 2 })!;
    const vec = Vec.newIn(list, u32, 1)!;
    vec.push(3);
    const { value } = box;
    expect([Box.newIn(list, u32), vec.extend(Array(16).fill(4)), vec.capacity, vec.length]).toEqual([null, -1, 16, 1]);
    box.free();
    const next = Box.newIn(list, Point, { x: 8, y: 9 })!;
    expect([codeOf(() => box.value), codeOf(() => value.x), codeOf(() => (value.x = 5))]).toEqual([
      STALE,
      STALE,
      STALE,
    ]);
    expect([next.value.x, next.value.y, vec.at(0)]).toEqual([8, 9, 3]);
    expect(
      codeOf(() => {
        box.free();
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    vec.free();
    next.free();
    expect(list.live).toBe(0);
  });

  it('finds its memory again where the ArrayBuffer was taken away, if it can be found', async () => {
    const source = make();
    const list = new FreeList(source, { blockSize: 64, count: 4, maxCount: 8 });
    const box = Box.newIn(list, u32, 7)!;
    const [kept, freed] = [list.alloc(1)!.fill(1), list.alloc(1)!];
    list.free(freed);
    await steal(kept);
    if (!keepsContents) {
      expectLost(list, kept);
      expect(codeOf(() => box.value)).toBe(STALE);
    } else {
      const next = [list.alloc(1)!, list.alloc(1)!, list.alloc(1)!];
      expect(next.map((block) => block.length)).toEqual([64, 64, 64]);
      expect([areDisjoint(next), box.value, list.live]).toEqual([true, 7, 5]);
      expect(list.owns(kept)).toBe(true);
      const found = list.realloc(kept, 64)!;
      expect([found.length, found.every((byte) => byte === 1), list.owns(found)]).toEqual([64, true, true]);
      list.free(found);
      expect(
        codeOf(() => {
          list.free(found);
        }),
      ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
      expect(
        codeOf(() => {
          list.free(kept);
        }),
      ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
      box.free();
    }
    list.dispose();
    expect(codeOf(() => box.value)).toBe(STALE);
  });

  it('takes a block back whose ArrayBuffer was taken away', async () => {
    const list = new FreeList(make(), { blockSize: 64, count: 4 });
    const [block, other] = [list.alloc(1)!, list.alloc(1)!];
    await steal(block);
    list.free(block);
    expect(list.live).toBe(1);
    list.free(other);
    expect(
      codeOf(() => {
        list.free(other);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    expect(list.live).toBe(0);
  });

  it.each([
    ['at once', false],
    ['after it has noticed', true],
  ])('is disposed of %s where the ArrayBuffer was taken away', async (_when, notice) => {
    const list = new FreeList(make(), { blockSize: 64, count: 4, maxCount: 8 });
    const blocks = Array.from({ length: 7 }, () => list.alloc(1)!);
    const lifetime = list.lifetimeOf(blocks[0]!);
    await steal(blocks[0]!);
    if (notice) {
      codeOf(() => list.alloc(1));
    }
    list.dispose();
    list.dispose();
    expect([codeOf(() => list.alloc(1)), lifetime.ended]).toEqual(['ERR_OFFHEAP_DISPOSED', true]);
  });

  if (keepsContents) {
    it.each([
      ['at once', false],
      ['after it has noticed', true],
    ])('gives its memory back %s where the ArrayBuffer was taken away', async (_when, notice) => {
      const source = make() as BlockOwner & { used?: number; live?: number };
      const list = new FreeList(source, { blockSize: 64, count: 4 });
      await steal(list.alloc(1)!);
      if (notice) {
        list.alloc(1);
      }
      list.dispose();
      expect(source.used ?? source.live).toBe(0);
    });
  }
});

describe.each(ARENAS)('A FreeList on a %s', (_name, Arena) => {
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
    const list = new FreeList(arena, { blockSize: 64, count: 4, maxCount: 12 });
    const blocks = Array.from({ length: 6 }, () => list.alloc(1)!);
    const box = Box.newIn(list, u32, 5)!;
    const lifetime = list.lifetimeOf(blocks[0]!);
    startOver(arena);
    const all = arena.alloc(64 * KiB)!.fill(9);
    expectLost(list, blocks[0]!);
    expect([lifetime.ended, codeOf(() => box.value), codeOf(() => (box.value = 3))]).toEqual([true, STALE, STALE]);
    const code = codeOf(() => {
      list.free(blocks[1]!);
    });
    expect([undefined, STALE]).toContain(code);
    expectLost(list, blocks[0]!);
    list.dispose();
    expect([arena.used, all.every((byte) => byte === 9)]).toEqual([64 * KiB, true]);
  });

  it('loses the slabs that came after a checkpoint when that is gone back to', () => {
    using arena = new Arena(64 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 2, maxCount: Infinity });
    const kept = [list.alloc(1)!, list.alloc(1)!];
    const checkpoint = arena.checkpoint();
    const lost = [list.alloc(1)!, list.alloc(1)!];
    arena.rewind(checkpoint);
    const other = arena.alloc(128)!.fill(9);
    expect([...kept, ...lost].map((block) => list.owns(block))).toEqual([true, true, false, false]);
    expect(kept.map((block) => list.realloc(block, 64))).toEqual(kept);
    list.free(kept[0]!);
    expect(list.alloc(1)).toBe(kept[0]);
    const more = list.alloc(1)!;
    expect([areDisjoint([...kept, other, more]), list.owns(more)]).toEqual([true, true]);
    list.dispose();
  });

  it('goes on with the slabs that it has left', () => {
    using arena = new Arena(64 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 2, maxCount: 4 });
    const kept = [list.alloc(1)!, list.alloc(1)!];
    const checkpoint = arena.checkpoint();
    const lost = list.alloc(1)!;
    arena.rewind(checkpoint);
    list.free(kept[0]!);
    const code = codeOf(() => {
      list.free(lost);
    });
    expect([undefined, STALE]).toContain(code);
    expect([list.alloc(1), list.owns(kept[1]!)]).toEqual([kept[0], true]);
    list.dispose();
    expect(arena.used).toBe(0);
  });

  it('is lost when that is disposed of', () => {
    const arena = new Arena(64 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 2, maxCount: 4 });
    const block = list.alloc(1)!;
    arena.dispose();
    expectLost(list, block);
    list.dispose();
    expect(codeOf(() => list.alloc(1))).toBe('ERR_OFFHEAP_DISPOSED');
    const exhausted = new Arena(64 * KiB);
    const full = new FreeList(exhausted, { blockSize: 64, count: 1, maxCount: 4 });
    full.alloc(1);
    exhausted.dispose();
    expect(codeOf(() => full.alloc(1))).toMatch(/ERR_OFFHEAP_(STALE|DISPOSED)/);
    full.dispose();
  });
});

describe('A FreeList', () => {
  it('is lost when the scope, or the other list, that it is from ends', () => {
    using scoped = new ScopedAllocator(heap, 4 * KiB);
    let block!: Buffer;
    const inside = scoped.scope((inner) => {
      const list = new FreeList(inner, { blockSize: 64, count: 4 });
      block = list.alloc(1)!;
      return list;
    });
    expectLost(inside, block);
    inside.dispose();
    const outer = new FreeList(heap, { blockSize: 1 * KiB, count: 2 });
    const list = new FreeList(outer, { blockSize: 64, count: 4 });
    block = list.alloc(1)!;
    outer.dispose();
    expectLost(list, block);
    list.dispose();
  });

  it('is lost when its slab was freed under it', () => {
    const list = new FreeList(heap, { blockSize: 64, count: 2 });
    const block = list.alloc(64)!;
    heap.free(Buffer.from(block.buffer)); // the whole slab
    expectLost(list, block);
    list.dispose();
  });

  it('on a source that knows of no lifetimes notices what is taken, and can be disposed of', () => {
    const source = new TestSource();
    const list = new FreeList(source, { blockSize: 64, count: 2, maxCount: 4 });
    const blocks = [list.alloc(1)!, list.alloc(1)!, list.alloc(1)!];
    transfer(blocks[0]!);
    expect([list.alloc(1)!.length, blocks[2]!.length]).toEqual([64, 64]);
    list.free(blocks[1]!);
    // What is gone is out of the accounts, so that there is room for another slab.
    expect([list.alloc(1)!.length, list.owns(blocks[0]!), list.live, list.count]).toEqual([64, false, 3, 4]);
    list.dispose();
    expect(codeOf(() => list.alloc(1))).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('hands out what is left where one of its slabs was taken away', () => {
    const list = new FreeList(heap, { blockSize: 64, count: 2, maxCount: 4 });
    const blocks = [list.alloc(1)!, list.alloc(1)!, list.alloc(1)!, list.alloc(1)!];
    list.free(blocks[2]!);
    list.free(blocks[0]!);
    transfer(blocks[1]!);
    const answers = [list, list, list].map(() => {
      try {
        return list.alloc(1);
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    expect(answers).toContain(blocks[2]);
    expect(list.owns(blocks[3]!)).toBe(true);
  });

  it('is collected with everything in it where nobody disposes of it', async () => {
    using arena = new ARENAS[1][1](64 * KiB);
    const references = (() => {
      const list = new FreeList(heap, { blockSize: 64, count: 4 });
      const other = new FreeList(arena, { blockSize: 64, count: 4 });
      const [block, box] = [list.alloc(1)!, Box.newIn(other, u32)!];
      return [list, other, block, box, list.lifetimeOf(block)].map((object) => new WeakRef<object>(object));
    })();
    await settle();
    expect(references.map((reference) => reference.deref())).toEqual(references.map(() => undefined));
    expect(arena.used).toBe(4 * 64);
  });

  it('works on memory that is shared between threads', () => {
    const source = Object.assign(new TestSource(), {
      alloc: (size: number) => Buffer.from(new SharedArrayBuffer(size)),
      free() {},
    });
    using list = new FreeList(source, { blockSize: 64, count: 2 });
    const box = Box.newIn(list, u32, 7)!;
    expect([box.value, list.alloc(1)!.buffer]).toEqual([7, expect.any(SharedArrayBuffer)]);
    box.free();
  });

  it('on memory that was made shorter answers no block beyond it', () => {
    const buffer = new ArrayBuffer(128, { maxByteLength: 128 });
    const source = Object.assign(new TestSource(), { alloc: () => Buffer.from(buffer, 0, 128), free() {} });
    const list = new FreeList(source, { blockSize: 64, count: 2 });
    const first = list.alloc(1)!;
    buffer.resize(64);
    expect(list.alloc(1)).toBeNull();
    expect(first).toHaveLength(64);
    list.dispose();
  });
});
