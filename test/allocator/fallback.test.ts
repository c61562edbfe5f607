import {
  type BlockOwner,
  Box,
  BumpArena,
  BumpArenaLazy,
  FallbackAllocator,
  FreeList,
  heap,
  KiB,
  NullAllocator,
  ScopedAllocator,
  u32,
  Vec,
} from '../../lib';
import { codeOf, errorOf, TestSource } from './support';

const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';

/** A user's own allocator that knows its blocks. */
class OwningSource extends TestSource implements BlockOwner {
  owns(block: Buffer): boolean {
    return this.live.has(block);
  }
}

/** Every kind of owner, with room for a few blocks of 100 bytes. */
const OWNERS: [name: string, make: () => BlockOwner][] = [
  ['heap', () => heap],
  ['BumpArena', () => new BumpArena(1 * KiB)],
  ['BumpArenaLazy', () => new BumpArenaLazy(1 * KiB)],
  ['FreeList', () => new FreeList(new BumpArena(1 * KiB), { blockSize: 200, count: 4 })],
  ['ScopedAllocator', () => new ScopedAllocator(new BumpArena(1 * KiB), 1 * KiB)],
  ['FallbackAllocator', () => new FallbackAllocator(new NullAllocator(), heap)],
  ['an allocator of the user', () => new OwningSource()],
];

const PAIRS = OWNERS.flatMap(([first, main]) =>
  OWNERS.map(([second, fallback]) => [first, second, main, fallback] as const),
);

describe('FallbackAllocator', () => {
  it('takes from the first as long as that has room, and from the second afterwards', () => {
    using main = new FreeList(heap, { blockSize: 100, count: 2 });
    using fallback = new BumpArena(1 * KiB);
    const both = new FallbackAllocator(main, fallback);
    const blocks = [both.alloc(10)!, both.alloc(101)!, both.alloc(10)!, both.alloc(10)!];
    expect(blocks.map((block) => [main.owns(block), fallback.owns(block)])).toEqual([
      [true, false],
      [false, true],
      [true, false],
      [false, true],
    ]);
    expect(blocks.every((block) => both.owns(block))).toBe(true);
    both.free(blocks[0]!);
    expect(main.owns(both.alloc(10)!)).toBe(true);
  });

  it('answers null where both are full, and passes the alignment on', () => {
    using main = new BumpArena(100);
    using fallback = new BumpArena(100);
    const both = new FallbackAllocator(main, fallback);
    both.alloc(1);
    expect(both.alloc(10, 32)!.byteOffset).toBe(32);
    expect([both.alloc(90), main.used, fallback.used]).toEqual([expect.any(Buffer), 42, 90]);
    expect([both.alloc(90), both.alloc(2 ** 40), both.alloc(10, 128)]).toEqual([null, null, null]);
    expect([main.used, fallback.used]).toEqual([42, 90]);
  });

  it.each(PAIRS)('works with %s and %s', (_first, _second, makeMain, makeFallback) => {
    const [main, fallback] = [makeMain(), makeFallback()];
    const both = new FallbackAllocator(main, fallback);
    const [first, second] = [main.alloc(50)!.fill(1), fallback.alloc(50)!.fill(2)];
    expect([both.owns(first), both.owns(second), both.owns(Buffer.alloc(50))]).toEqual([true, true, false]);
    const moved = [first, second].map((block) => both.realloc(block, 90));
    moved.forEach((block, i) => {
      expect([block === null || block.subarray(0, 50).every((byte) => byte === i + 1)]).toEqual([true]);
      both.free(block ?? [first, second][i]!);
    });
    const box = Box.newIn(both, u32, 7)!;
    expect(box.value).toBe(7);
    box.free();
    expect(codeOf(() => box.value)).toBe('ERR_OFFHEAP_STALE');
  });

  it('moves a block out of the first and keeps its contents', () => {
    using main = new FreeList(heap, { blockSize: 100, count: 1 });
    using fallback = new ScopedAllocator(heap, 1000);
    const both = new FallbackAllocator(main, fallback);
    const block = both.alloc(100)!;
    const contents = Buffer.from(block.map((_, i) => i));
    contents.copy(block);
    const moved = both.realloc(block, 300)!;
    expect([main.owns(block), main.live, fallback.owns(moved), moved.length]).toEqual([false, 0, true, 300]);
    expect(moved.subarray(0, 100).equals(contents)).toBe(true);
  });

  it('moves a block out of the second and keeps its contents', () => {
    using main = new BumpArena(1 * KiB);
    using fallback = new FreeList(heap, { blockSize: 100, count: 1 });
    const both = new FallbackAllocator(main, fallback);
    const rest = main.alloc(1000)!;
    const block = both.alloc(100)!;
    const contents = Buffer.from(block.map((_, i) => i));
    contents.copy(block);
    expect([fallback.owns(block), both.realloc(block, 101)]).toEqual([true, null]);
    main.free(rest);
    const moved = both.realloc(block, 101, 32)!;
    expect([fallback.live, main.owns(moved), moved.length, moved.byteOffset % 32]).toEqual([0, true, 101, 0]);
    expect(moved.subarray(0, 100).equals(contents)).toBe(true);
  });

  it('leaves a block as it was where neither side has room', () => {
    using main = new FreeList(heap, { blockSize: 100, count: 1 });
    using fallback = new BumpArena(200);
    const both = new FallbackAllocator(main, fallback);
    const [block, other] = [both.alloc(100)!.fill(1), both.alloc(100)!.fill(2)];
    expect([both.realloc(block, 201), both.realloc(other, 201), main.live, fallback.used]).toEqual([
      null,
      null,
      1,
      100,
    ]);
    expect([block, other].map((each) => both.owns(each))).toEqual([true, true]);
    expect([block, other].map((each) => each.every((byte) => byte === each[0]))).toEqual([true, true]);
  });

  it('loses nothing where moving fails', () => {
    const [main, fallback] = [new OwningSource(), new OwningSource()];
    const both = new FallbackAllocator(main, fallback);
    const block = both.alloc(10)!.fill(7);
    main.failure = new Error('kept');
    expect(() => both.realloc(block, 20)).toThrow('kept');
    expect([main.live.size, fallback.live.size, both.owns(block)]).toEqual([1, 0, true]);
    main.failure = null;
    const alloc = fallback.alloc.bind(fallback);
    for (const wrong of [() => Buffer.alloc(5), () => undefined as never, () => ({}) as never]) {
      fallback.alloc = wrong;
      expect(() => both.realloc(block, 20)).toThrow();
      expect([main.live.size, both.owns(block), block.every((byte) => byte === 7)]).toEqual([1, true, true]);
    }
    fallback.alloc = () => {
      throw new Error('no room');
    };
    expect(() => both.realloc(block, 20)).toThrow('no room');
    fallback.alloc = alloc;
    const moved = both.realloc(block, 20)!;
    expect([main.live.size, fallback.live.size, moved[9]]).toEqual([0, 1, 7]);
  });

  it('refuses a block that neither owns', () => {
    using main = new FreeList(heap, { blockSize: 100, count: 2 });
    using fallback = new BumpArena(200);
    const both = new FallbackAllocator(main, fallback);
    const [freed, moved] = [both.alloc(1)!, both.alloc(1)!];
    main.free(freed);
    both.realloc(moved, 150);
    const cases = [
      ...[freed, moved].map((block) => [block, /ERR_OFFHEAP_(DOUBLE_FREE|FOREIGN_BLOCK)/] as const),
      ...[Buffer.alloc(100), heap.alloc(10)!].map((block) => [block, new RegExp(FOREIGN)] as const),
    ];
    for (const [block, code] of cases) {
      expect(both.owns(block)).toBe(false);
      expect(codeOf(() => both.realloc(block, 1))).toMatch(code);
      expect(codeOf(() => both.lifetimeOf(block))).toMatch(code);
      expect(
        codeOf(() => {
          both.free(block);
        }),
      ).toMatch(code);
    }
    expect(
      (
        errorOf(() => {
          both.free(freed);
        }) as Error
      ).message,
    ).toMatch(/FallbackAllocator/);
  });

  it('leaves it to the owner to refuse a part of a block', () => {
    const both = new FallbackAllocator(heap, new NullAllocator());
    const block = both.alloc(100)!;
    expect(both.owns(block.subarray(1))).toBe(true);
    expect(
      codeOf(() => {
        both.free(block.subarray(1));
      }),
    ).toBe(FOREIGN);
    expect(codeOf(() => both.realloc(block.subarray(0, 50), 10))).toBe(FOREIGN);
    both.free(block);
  });

  it('knows how long a block of either side lasts', () => {
    const main = new BumpArena(100);
    using fallback = new FreeList(heap, { blockSize: 200, count: 2 });
    const both = new FallbackAllocator(main, fallback);
    const [first, second] = [both.alloc(50)!, both.alloc(150)!];
    const lifetimes = [both.lifetimeOf(first), both.lifetimeOf(second)];
    const vec = Vec.newIn(both, u32, 4)!;
    vec.extend([1, 2, 3]);
    expect(vec.extend(Array(30).fill(4))).toBe(3); // on the other side
    main.resetUnsafe();
    expect(lifetimes.map(({ ended }) => ended)).toEqual([true, false]);
    expect([...vec].slice(0, 4)).toEqual([1, 2, 3, 4]);
    both.free(second);
    expect(lifetimes[1]!.ended).toBe(true);
    vec.free();
    expect(fallback.live).toBe(0);
  });

  it('makes chains', () => {
    using small = new FreeList(heap, { blockSize: 16, count: 2 });
    using arena = new BumpArena(100);
    const chain = new FallbackAllocator(small, new FallbackAllocator(arena, heap));
    const blocks = [chain.alloc(16)!, chain.alloc(50)!, chain.alloc(5000)!];
    expect(blocks.map((block) => [small, arena, heap].findIndex((each) => each.owns(block)))).toEqual([0, 1, 2]);
    const grown = blocks.map((block) => chain.realloc(block, 6000)!);
    expect(grown.every((block) => heap.owns(block))).toBe(true);
    grown.forEach((block) => {
      chain.free(block);
    });
    expect([small.live, grown.some((block) => chain.owns(block))]).toEqual([0, false]);
  });

  it('refuses wrong arguments with the codes that Node has for them', () => {
    const noOwner = new TestSource();
    for (const wrong of [
      undefined,
      null,
      5,
      {},
      noOwner,
      Object.assign(new TestSource(), { owns: true }),
    ] as BlockOwner[]) {
      expect(codeOf(() => new FallbackAllocator(wrong, heap))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => new FallbackAllocator(heap, wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect((errorOf(() => new FallbackAllocator(heap, noOwner as never)) as Error).message).toMatch(/"fallback".*owns/);
    const both = new FallbackAllocator(heap, heap);
    const block = both.alloc(8)!;
    for (const wrong of ['8', null, {}, undefined] as never[]) {
      expect(codeOf(() => both.alloc(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => both.realloc(block, wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => both.owns(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(
        codeOf(() => {
          both.free(wrong);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect([-1, NaN].map((size) => codeOf(() => both.realloc(block, size)))).toEqual(Array(2).fill('ERR_OUT_OF_RANGE'));
    expect([codeOf(() => both.alloc(8, 3)), codeOf(() => both.realloc(block, 800, 3))]).toEqual(
      Array(2).fill('ERR_OUT_OF_RANGE'),
    );
  });
});
