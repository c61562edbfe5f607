import { inspect } from 'node:util';

import { BumpArena, FreeList, heap, KiB, NullAllocator, StatsAllocator } from '../../lib';
import { codeOf, TestSource } from './support';

const NOTHING = {
  liveBlocks: 0,
  liveBytes: 0,
  highWaterMark: 0,
  allocations: 0,
  reallocations: 0,
  frees: 0,
  totalBytes: 0,
  failures: 0,
  histogram: [],
};

/** Answers blocks of no bytes worth mentioning, whatever is asked for: for sizes that no machine has. */
function countOnly(size: number): readonly { size: number; count: number }[] {
  const source = Object.assign(new TestSource(), { alloc: () => Buffer.alloc(0) });
  const stats = new StatsAllocator(source);
  stats.alloc(size);
  return stats.stats.histogram;
}

describe('StatsAllocator', () => {
  it('has counted nothing at first', () => {
    expect(new StatsAllocator(heap).stats).toEqual(NOTHING);
  });

  it('counts blocks and bytes, what there is of them now and what there ever was', () => {
    const stats = new StatsAllocator(heap);
    const blocks = [stats.alloc(100)!, stats.alloc(20)!, stats.alloc(3)!];
    expect(stats.stats).toMatchObject({ liveBlocks: 3, liveBytes: 123, highWaterMark: 123, allocations: 3 });
    stats.free(blocks[0]!);
    expect(stats.stats).toMatchObject({ liveBlocks: 2, liveBytes: 23, highWaterMark: 123, frees: 1, totalBytes: 123 });
    const longer = stats.realloc(blocks[1]!, 50)!;
    expect(stats.stats).toMatchObject({ liveBlocks: 2, liveBytes: 53, highWaterMark: 123, totalBytes: 153 });
    const shorter = stats.realloc(longer, 10)!;
    expect(stats.stats).toMatchObject({ liveBytes: 13, totalBytes: 153, reallocations: 2 });
    expect([stats.alloc(2 ** 52), stats.realloc(shorter, 2 ** 52)]).toEqual([null, null]);
    expect(stats.stats).toEqual({
      liveBlocks: 2,
      liveBytes: 13,
      highWaterMark: 123,
      allocations: 3,
      reallocations: 2,
      frees: 1,
      totalBytes: 153,
      failures: 2,
      histogram: [
        { size: 4, count: 1 },
        { size: 8, count: 0 },
        { size: 16, count: 0 },
        { size: 32, count: 1 },
        { size: 64, count: 0 },
        { size: 128, count: 1 },
      ],
    });
    stats.free(shorter);
    stats.free(blocks[2]!);
    expect(stats.stats).toMatchObject({ liveBlocks: 0, liveBytes: 0, frees: 3, highWaterMark: 123 });
  });

  it('raises the high-water mark when a block grows, and never lowers it', () => {
    const stats = new StatsAllocator(heap);
    const marks: number[] = [];
    let block = stats.alloc(10)!;
    for (const size of [100, 50, 200, 0, 199]) {
      block = stats.realloc(block, size)!;
      marks.push(stats.stats.highWaterMark);
    }
    stats.free(block);
    stats.alloc(199);
    expect([marks, stats.stats.highWaterMark]).toEqual([[100, 100, 200, 200, 200], 200]);
  });

  it('counts the bytes of the blocks, which may be longer, and the sizes that were asked for', () => {
    using list = new FreeList(heap, { blockSize: 100, count: 3 });
    const stats = new StatsAllocator(list);
    const blocks = [stats.alloc(1)!, stats.alloc(60)!, stats.alloc(100)!];
    expect([stats.alloc(1), stats.alloc(101)]).toEqual([null, null]);
    stats.realloc(blocks[0]!, 70);
    expect(stats.stats).toMatchObject({ liveBytes: 300, totalBytes: 300, failures: 2, reallocations: 1 });
    expect(stats.stats.histogram.filter(({ count }) => count > 0)).toEqual([
      { size: 1, count: 1 },
      { size: 64, count: 1 },
      { size: 128, count: 1 },
    ]);
    blocks.forEach((block) => {
      stats.free(block);
    });
    expect(stats.stats).toMatchObject({ liveBlocks: 0, liveBytes: 0, frees: 3, highWaterMark: 300 });
  });

  it.each([
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 4],
    [5, 8],
    [1024, 1024],
    [1025, 2048],
    [2 ** 30, 2 ** 30],
    [2 ** 30 + 1, 2 ** 31],
    [2 ** 31 - 1, 2 ** 31],
    [2 ** 31, 2 ** 31],
    [2 ** 31 + 1, 2 ** 32],
    [2 ** 32 - 1, 2 ** 32],
    [2 ** 32, 2 ** 32],
    [2 ** 32 + 1, 2 ** 33],
    [2 ** 40, 2 ** 40],
    [2 ** 40 + 1, 2 ** 41],
    [2 ** 44 + 1, 2 ** 45],
    [2 ** 52, 2 ** 52],
    [2 ** 52 + 1, 2 ** 53],
    [Number.MAX_SAFE_INTEGER, 2 ** 53],
  ])('counts %d bytes as up to %d', (size, upTo) => {
    expect(countOnly(size)).toEqual([{ size: upTo, count: 1 }]);
  });

  it('counts what is beyond 4 GiB and refused as a failure alone', () => {
    const stats = new StatsAllocator(new NullAllocator());
    expect([stats.alloc(2 ** 32 + 1), stats.alloc(2 ** 52)]).toEqual([null, null]);
    expect(stats.stats).toEqual({ ...NOTHING, failures: 2 });
  });

  it('counts nothing of what the caller does wrong', () => {
    const stats = new StatsAllocator(heap);
    const block = stats.alloc(10)!;
    stats.free(block);
    const before = stats.stats;
    expect(
      codeOf(() => {
        stats.free(block);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    expect(codeOf(() => stats.realloc(block, 5))).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    expect(codeOf(() => stats.alloc(-1))).toBe('ERR_OUT_OF_RANGE');
    expect(stats.stats).toEqual(before);
  });

  it('answers figures that stay as they were, and cannot be changed from outside', () => {
    const stats = new StatsAllocator(heap);
    stats.alloc(10);
    const before = stats.stats;
    const copy = structuredClone(before);
    stats.alloc(10);
    Object.assign(stats.stats, { liveBlocks: 99 });
    (stats.stats.histogram as unknown[]).length = 0;
    expect([before, stats.stats.liveBlocks, stats.stats.histogram]).toEqual([copy, 2, [{ size: 16, count: 2 }]]);
  });

  it('starts to count anew when an arena has', () => {
    using arena = new BumpArena(1 * KiB);
    const stats = new StatsAllocator(arena);
    for (let round = 0; round < 3; round++) {
      stats.alloc(100);
      stats.realloc(stats.alloc(10)!, 20);
      stats.alloc(2 * KiB);
      expect(stats.stats).toMatchObject({ liveBlocks: 2, liveBytes: 120, highWaterMark: 120, failures: 1 });
      arena.reset();
      stats.resetStats();
      expect(stats.stats).toEqual(NOTHING);
    }
  });

  it('never says that there are less than no blocks', () => {
    const stats = new StatsAllocator(heap);
    const [freed, grown] = [stats.alloc(100)!, stats.alloc(100)!];
    stats.resetStats();
    stats.free(freed);
    stats.realloc(grown, 10);
    const { liveBlocks, liveBytes } = stats.stats;
    expect([liveBlocks >= 0, liveBytes >= 0]).toEqual([true, true]);
  });

  it('is an owner where the other allocator is one', () => {
    const stats = new StatsAllocator(heap);
    const block = stats.alloc(1)!;
    expect([stats.owns(block), 'owns' in new StatsAllocator(new TestSource())]).toEqual([true, false]);
    expect(stats.lifetimeOf(block)?.ended).toBe(false);
  });

  describe('draws a picture', () => {
    it('of nothing', () => {
      expect(inspect(new StatsAllocator(heap))).toBe(
        [
          'StatsAllocator {',
          '  live: 0 blocks, 0 B; at most 0 B',
          '  total: 0 allocations, 0 reallocations, 0 frees; 0 B',
          '  failures: 0',
          '}',
        ].join('\n'),
      );
    });

    it('of a single block', () => {
      const stats = new StatsAllocator(heap);
      stats.free(stats.realloc(stats.alloc(1)!, 2)!);
      stats.alloc(1536);
      stats.resetStats();
      stats.alloc(1536);
      expect(inspect(stats)).toBe(
        [
          'StatsAllocator {',
          '  live: 1 block, 1.5 KiB; at most 1.5 KiB',
          '  total: 1 allocation, 0 reallocations, 0 frees; 1.5 KiB',
          '  failures: 0',
          `  up to 2 KiB ${'█'.repeat(32)} 1`,
          '}',
        ].join('\n'),
      );
    });

    it('of many sizes, with bars as long as there were requests', () => {
      const stats = new StatsAllocator(heap);
      const alloc = (size: number, times: number): void => {
        for (let i = 0; i < times; i++) {
          stats.free(stats.realloc(stats.alloc(size)!, size)!);
        }
      };
      alloc(512, 16);
      alloc(1000, 256);
      alloc(4096, 128);
      alloc(16384, 1);
      stats.alloc(2 ** 52);
      const lines = inspect(stats).split('\n');
      expect(lines.slice(3)).toEqual([
        '  failures: 1',
        '  up to  512 B ██ 16',
        `  up to  1 KiB ${'█'.repeat(32)} 256`,
        '  up to  2 KiB  0',
        `  up to  4 KiB ${'█'.repeat(16)} 128`,
        '  up to  8 KiB  0',
        '  up to 16 KiB ▏ 1',
        '}',
      ]);
      expect(lines[2]).toMatch(/^ {2}total: 401 allocations, 401 reallocations, 401 frees; .* KiB$/);
    });

    it('under the name of a subclass', () => {
      class Mine extends StatsAllocator {}
      expect(inspect(new Mine(heap))).toMatch(/^Mine \{\n/);
    });
  });

  it('refuses wrong arguments with the codes that Node has for them', () => {
    for (const wrong of [undefined, null, 5, 'heap', {}, { alloc() {}, realloc() {} }]) {
      expect(codeOf(() => new StatsAllocator(wrong as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
  });
});
