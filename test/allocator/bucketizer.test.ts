import { type BlockOwner, Bucketizer, BumpArena, FreeList, heap, KiB, ScopedAllocator, u32, Vec } from '../../lib';
import { areDisjoint, codeOf, errorOf, TestSource } from './support';

const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';
const SIZES = [16, 64, 256];

/** Buckets of two blocks each. */
function make(sizes = SIZES): { all: Bucketizer; buckets: FreeList[] } {
  const buckets: FreeList[] = [];
  const all = new Bucketizer(sizes, (blockSize) => {
    const bucket = new FreeList(heap, { blockSize, count: 2 });
    buckets.push(bucket);
    return bucket;
  });
  return { all, buckets };
}

describe('Bucketizer', () => {
  it.each([
    [0, 16],
    [1, 16],
    [16, 16],
    [17, 64],
    [64, 64],
    [65, 256],
    [256, 256],
  ])('takes %d bytes from the bucket of %d', (size, bucket) => {
    const { all, buckets } = make();
    const block = all.alloc(size)!;
    expect(buckets.map((each) => each.owns(block))).toEqual(SIZES.map((each) => each === bucket));
    expect([block.length, all.owns(block)]).toEqual([bucket, true]);
    all.free(block);
    expect(buckets.map(({ live }) => live)).toEqual([0, 0, 0]);
  });

  it('answers null for more than its largest bucket has, and where a bucket is full', () => {
    const { all, buckets } = make();
    expect([all.alloc(257), all.alloc(2 ** 40)]).toEqual([null, null]);
    const blocks = [all.alloc(20)!, all.alloc(20)!];
    expect([all.alloc(20), areDisjoint(blocks), all.alloc(10)!.length]).toEqual([null, true, 16]);
    expect(buckets.map(({ live }) => live)).toEqual([1, 2, 0]);
    const none = new Bucketizer([], () => heap);
    expect([none.alloc(0), none.alloc(1), none.owns(blocks[0]!)]).toEqual([null, null, false]);
  });

  it('calls the factory once for each size, in order', () => {
    const sizes: number[] = [];
    new Bucketizer([0, 8, 9, 2 ** 40], (...args) => {
      expect(args).toHaveLength(1);
      sizes.push(args[0]);
      return heap;
    });
    expect(sizes).toEqual([0, 8, 9, 2 ** 40]);
  });

  it('finds the bucket among many', () => {
    const sizes = Array.from({ length: 200 }, (_, i) => 3 * i + 1);
    const { all } = make(sizes);
    for (let size = 0; size <= sizes.at(-1)!; size++) {
      const block = all.alloc(size)!;
      expect(block).toHaveLength(sizes.find((each) => each >= size)!);
      all.free(block);
    }
    expect(all.alloc(sizes.at(-1)! + 1)).toBeNull();
  });

  it('passes the alignment on', () => {
    const { all } = make();
    expect([all.alloc(10, 16)!.byteOffset % 16, all.alloc(10, 32)]).toEqual([0, null]);
  });

  it('reallocates in the same bucket where that is for such sizes, without moving', () => {
    const { all } = make();
    const block = all.alloc(20)!.fill(1);
    expect([20, 64, 17, 16, 1, 0].map((size) => all.realloc(block, size) === block)).toEqual(Array(6).fill(true));
  });

  it('moves a block that grows to the bucket for it, with its contents', () => {
    const { all, buckets } = make();
    let block = all.alloc(16)!.fill(1);
    for (const [size, live] of [
      [17, [0, 1, 0]],
      [65, [0, 0, 1]],
    ] as const) {
      const moved = all.realloc(block, size)!;
      expect([buckets.map((each) => each.live), all.owns(block)]).toEqual([live, false]);
      expect(moved.subarray(0, 16).every((byte) => byte === 1)).toBe(true);
      block = moved;
    }
    expect([all.realloc(block, 257), all.owns(block)]).toEqual([null, true]);
  });

  it('leaves a block as it was where the bucket for it is full', () => {
    const { all, buckets } = make();
    const block = all.alloc(10)!.fill(1);
    all.alloc(64);
    all.alloc(64);
    expect([all.realloc(block, 60), all.owns(block), block.every((byte) => byte === 1)]).toEqual([null, true, true]);
    expect(buckets.map(({ live }) => live)).toEqual([1, 2, 0]);
    expect(all.realloc(block, 200)).toHaveLength(256);
  });

  it('moves a block that shrinks where its own bucket has no room for that', () => {
    const small = new FreeList(heap, { blockSize: 16, count: 1 });
    const source = new TestSource();
    const large = Object.assign(source, { owns: (block: Buffer) => source.live.has(block) });
    const all = new Bucketizer([16, 64], (size) => (size === 16 ? small : large));
    const block = all.alloc(60)!.fill(5);
    const moved = all.realloc(block, 10)!;
    expect([small.owns(moved), source.live.size, moved.subarray(0, 10).every((byte) => byte === 5)]).toEqual([
      true,
      0,
      true,
    ]);
  });

  it('works with one allocator in several buckets', () => {
    const arena = new BumpArena(4 * KiB);
    for (const owner of [heap, arena, new ScopedAllocator(heap, 4 * KiB)] as BlockOwner[]) {
      const all = new Bucketizer(SIZES, () => owner);
      const block = all.alloc(10)!.fill(1);
      const grown = all.realloc(block, 200);
      expect([grown?.length, grown?.subarray(0, 10).every((byte) => byte === 1)]).toEqual([200, true]);
      const shrunk = all.realloc(grown!, 60)!;
      expect(shrunk).toHaveLength(60);
      expect(all.realloc(shrunk, 250)).toHaveLength(250);
    }
    const mixed = new Bucketizer(SIZES, (blockSize) => (blockSize < 64 ? new FreeList(heap, { blockSize }) : arena));
    const block = mixed.alloc(60)!;
    expect([arena.owns(block), mixed.realloc(block, 250)?.length]).toEqual([true, 250]);
  });

  it('works with buckets whose blocks are as long as was asked for', () => {
    const all = new Bucketizer(SIZES, () => new BumpArena(4 * KiB));
    const block = all.alloc(60)!.fill(3);
    expect(block).toHaveLength(60);
    const short = all.realloc(block, 5)!;
    expect([short.length, all.owns(short)]).toEqual([5, true]);
    const long = all.realloc(short, 200)!;
    expect([long.length, long.subarray(0, 5).every((byte) => byte === 3)]).toEqual([200, true]);
    all.free(long);
  });

  it('holds a Vec that grows through all buckets', () => {
    const { all, buckets } = make();
    const vec = Vec.newIn(all, u32)!;
    const added = Array.from({ length: 65 }, (_, i) => vec.push(i));
    expect([added.at(-2), added.at(-1), vec.length, vec.at(63)]).toEqual([63, -1, 64, 63]);
    expect(buckets.map(({ live }) => live)).toEqual([0, 0, 1]);
    vec.free();
    expect(buckets.map(({ live }) => live)).toEqual([0, 0, 0]);
  });

  it('refuses a block that no bucket owns', () => {
    const { all } = make();
    const [freed, moved] = [all.alloc(1)!, all.alloc(1)!];
    all.free(freed);
    all.realloc(moved, 60);
    const cases = [
      ...[freed, moved].map((block) => [block, /ERR_OFFHEAP_(DOUBLE_FREE|FOREIGN_BLOCK)/] as const),
      ...[Buffer.alloc(16), Buffer.alloc(1000), heap.alloc(64)!, Buffer.alloc(0)].map(
        (block) => [block, new RegExp(FOREIGN)] as const,
      ),
    ];
    for (const [block, code] of cases) {
      expect(all.owns(block)).toBe(false);
      expect(codeOf(() => all.realloc(block, 1))).toMatch(code);
      expect(codeOf(() => all.lifetimeOf(block))).toMatch(code);
      expect(
        codeOf(() => {
          all.free(block);
        }),
      ).toMatch(code);
    }
    expect(
      (
        errorOf(() => {
          all.free(freed);
        }) as Error
      ).message,
    ).toMatch(/Bucketizer/);
  });

  it('passes on what the factory throws', () => {
    const thrown = new Error('no second bucket');
    const made: number[] = [];
    const attempt = (): unknown =>
      new Bucketizer(SIZES, (size) => {
        if (made.push(size) === 2) {
          throw thrown;
        }
        return heap;
      });
    expect(errorOf(attempt)).toBe(thrown);
    expect(made).toEqual([16, 64]);
    using arena = new BumpArena(100);
    expect(codeOf(() => new Bucketizer(SIZES, (blockSize) => new FreeList(arena, { blockSize })))).toBe(
      'ERR_OFFHEAP_FULL',
    );
  });

  it('keeps to the sizes that it was made with', () => {
    const sizes = [16, 64];
    const all = new Bucketizer(sizes, (blockSize) => new FreeList(heap, { blockSize, count: 2 }));
    sizes[0] = 1000;
    sizes.push(1);
    expect([all.alloc(10)!.length, all.alloc(20)!.length, all.alloc(100)]).toEqual([16, 64, null]);
    const changing = [16, 64];
    const other = new Bucketizer(changing, (blockSize) => {
      changing[1] = 1;
      if (changing.length < 5) {
        changing.push(2);
      }
      return new FreeList(heap, { blockSize, count: 2 });
    });
    expect([other.alloc(10)!.length, other.alloc(20)!.length, other.alloc(100)]).toEqual([16, 64, null]);
  });

  it('refuses wrong sizes, and what is no factory, with the codes that Node has for them', () => {
    for (const wrong of [
      undefined,
      null,
      5,
      '16',
      {},
      new Set([16]),
      [16, '64'],
      [null],
      [16n],
      [undefined],
    ] as never[]) {
      expect(codeOf(() => new Bucketizer(wrong, () => heap))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [[-1], [1.5], [NaN], [Infinity], [16, 16], [64, 16], [16, 64, 32], [2 ** 53]]) {
      expect(codeOf(() => new Bucketizer(wrong, () => heap))).toBe('ERR_OUT_OF_RANGE');
    }
    for (const wrong of [undefined, null, 5, {}, heap] as never[]) {
      expect(codeOf(() => new Bucketizer(SIZES, wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [undefined, null, 5, {}, new TestSource()] as never[]) {
      expect(codeOf(() => new Bucketizer(SIZES, () => wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(
      (errorOf(() => new Bucketizer([8, 64], (size) => (size === 64 ? ({} as never) : heap))) as Error).message,
    ).toMatch(/factory\(64\)/);
  });

  it('refuses sizes with holes in them', () => {
    const sizes = [16];
    sizes[2] = 64;
    expect(codeOf(() => new Bucketizer(sizes, () => heap))).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('refuses wrong arguments with the codes that Node has for them', () => {
    const { all } = make();
    const block = all.alloc(8)!;
    for (const wrong of ['8', '800', null, {}, undefined] as never[]) {
      expect(codeOf(() => all.alloc(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => all.realloc(block, wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => all.owns(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(
        codeOf(() => {
          all.free(wrong);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [-1, 1.5, 300.5, NaN, Infinity, -Infinity]) {
      expect(codeOf(() => all.alloc(wrong))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => all.realloc(block, wrong))).toBe('ERR_OUT_OF_RANGE');
    }
    expect(codeOf(() => all.alloc(8, 3))).toBe('ERR_OUT_OF_RANGE');
  });
});
