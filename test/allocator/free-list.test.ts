import { inspect } from 'node:util';

import { BumpArena, FreeList, heap, KiB, struct, u32 } from '../../lib';
import { collectGarbage } from '../support';
import { areDisjoint, codeOf, TestSource } from './support';

const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';
const DOUBLE = 'ERR_OFFHEAP_DOUBLE_FREE';

/** What each method that wants a live block says to this one; `free` comes last. */
function codesFor(list: FreeList, block: NodeJS.ArrayBufferView): (string | undefined)[] {
  return [
    codeOf(() => list.realloc(block, 5)),
    codeOf(() => list.lifetimeOf(block)),
    codeOf(() => {
      list.free(block);
    }),
  ];
}

describe('FreeList', () => {
  it('hands out blocks of its size, whatever is asked for, none of which overlaps another', () => {
    using list = new FreeList(heap, { blockSize: 100, count: 10 });
    const blocks = Array.from({ length: 10 }, (_, i) => list.alloc(10 * (i + 1))!);
    expect(blocks.every((block) => Buffer.isBuffer(block) && block.length === 100)).toBe(true);
    expect([areDisjoint(blocks), list.live, list.count, list.blockSize]).toEqual([true, 10, 10, 100]);
    expect(list.alloc(0)).toBeNull();
    list.free(blocks[3]!);
    expect(list.alloc(0)).toHaveLength(100);
  });

  it('has 64 blocks of 1 KiB where nothing else is said', () => {
    using list = new FreeList(heap);
    const blocks = Array.from({ length: 64 }, () => list.alloc(1 * KiB)!);
    expect([areDisjoint(blocks), list.blockSize, list.count, list.alloc(1)]).toEqual([true, 1 * KiB, 64, null]);
  });

  it('hands out the same Buffer objects again, the one that came back last first', () => {
    using list = new FreeList(heap, { blockSize: 16, count: 4 });
    const blocks = [list.alloc(1)!, list.alloc(1)!, list.alloc(1)!, list.alloc(1)!];
    for (const block of [blocks[2]!, blocks[0]!, blocks[3]!]) {
      list.free(block);
    }
    expect([list.alloc(1), list.alloc(1), list.alloc(1), list.alloc(1)].map((block) => blocks.indexOf(block!))).toEqual(
      [3, 0, 2, -1],
    );
  });

  it('hands its blocks out in the order in which they lie', () => {
    using arena = new BumpArena(64 * KiB);
    using list = new FreeList(arena, { blockSize: 24, count: 5 });
    expect(Array.from({ length: 5 }, () => list.alloc(1)!.byteOffset)).toEqual([0, 24, 48, 72, 96]);
  });

  it('makes no garbage', () => {
    using list = new FreeList(heap, { blockSize: 64, count: 8 });
    const cycle = (times: number): void => {
      for (let i = 0; i < times; i++) {
        const first = list.alloc(64)!;
        const second = list.alloc(1, 8)!;
        list.free(first);
        list.free(second);
      }
    };
    cycle(200_000);
    collectGarbage();
    const before = process.memoryUsage();
    cycle(1_000_000);
    const after = process.memoryUsage();
    expect(after.heapUsed - before.heapUsed).toBeLessThan(1_000_000);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(100_000);
  });

  it('answers null for more than a block has, and throws nothing for it', () => {
    using list = new FreeList(heap, { blockSize: 100, count: 2 });
    expect([list.alloc(101), list.alloc(2 ** 40), list.alloc(Number.MAX_SAFE_INTEGER)]).toEqual([null, null, null]);
    const block = list.alloc(100)!.fill(3);
    expect([list.realloc(block, 101), list.live, list.owns(block)]).toEqual([null, 1, true]);
    expect([list.realloc(block, 100), list.realloc(block, 0), list.realloc(block, 1)]).toEqual([block, block, block]);
  });

  it('keeps a block that is reallocated to nothing, until that is freed', () => {
    using list = new FreeList(heap, { blockSize: 100, count: 1 });
    for (let round = 0; round < 1000; round++) {
      const block = list.alloc(50)!;
      const empty = list.realloc(block, 0)!;
      expect([list.live, list.owns(empty)]).toEqual([1, true]);
      list.free(empty);
      expect(list.live).toBe(0);
    }
  });

  describe('aligns', () => {
    it.each([
      [1, 1, 1],
      [2, 2, 2],
      [3, 2, 4],
      [7, 4, 8],
      [10, 8, 16],
      [24, 8, 24],
      [64, 64, 64],
      [100, 8, 104],
      [192, 64, 192],
      [1024, 64, 1024],
      [4096, 64, 4096],
    ])('blocks of %d bytes to %d where nothing else is said, and takes %d for each', (blockSize, align, stride) => {
      const source = new TestSource();
      using list = new FreeList(source, { blockSize, count: 3 });
      expect(source.calls).toEqual([['alloc', 3 * stride, align]]);
      const blocks = [list.alloc(1, align)!, list.alloc(1, align)!];
      expect(blocks.map(({ byteOffset }) => byteOffset % align)).toEqual([0, 0]);
      expect([list.alloc(1, 2 * align), list.live]).toEqual([null, 2]);
    });

    it('to what the options say', () => {
      using arena = new BumpArena(64 * KiB);
      arena.alloc(1);
      using list = new FreeList(arena, { blockSize: 100, count: 3, align: 256 });
      const blocks = [list.alloc(1, 256)!, list.alloc(1, 1)!, list.alloc(100)!];
      expect(blocks.map(({ byteOffset }) => byteOffset)).toEqual([256, 512, 768]);
      expect(blocks.every(({ length }) => length === 100)).toBe(true);
      // What lies between two blocks is nobody's.
      const between = Buffer.from(arena.buffer, 256 + 90, 20);
      expect([list.owns(between), list.owns(Buffer.from(arena.buffer, 256 + 100, 100))]).toEqual([false, false]);
      expect(codesFor(list, Buffer.from(arena.buffer, 256 + 100, 100))).toEqual([FOREIGN, FOREIGN, FOREIGN]);
    });

    it('to less than what would come by itself, if it is told so', () => {
      const source = new TestSource();
      using list = new FreeList(source, { blockSize: 64, count: 2, align: 4 });
      expect(source.calls).toEqual([['alloc', 128, 4]]);
      expect([list.alloc(1, 8), list.alloc(1, 4)!.length]).toEqual([null, 64]);
    });
  });

  describe('finds out', () => {
    it('a block that comes back twice', () => {
      using list = new FreeList(heap, { blockSize: 16, count: 4 });
      const [block, other] = [list.alloc(1)!, list.alloc(1)!];
      list.free(block);
      expect(codesFor(list, block)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
      list.free(other);
      expect([...codesFor(list, block), ...codesFor(list, other)]).toEqual(Array(6).fill(DOUBLE));
      const again = [list.alloc(1), list.alloc(1), list.alloc(1), list.alloc(1), list.alloc(1)];
      expect([new Set(again).size, again.at(-1)]).toEqual([5, null]);
    });

    it('a block of another list, be it free or handed out there', () => {
      using arena = new BumpArena(64 * KiB);
      using list = new FreeList(arena, { blockSize: 16, count: 4 });
      using other = new FreeList(arena, { blockSize: 16, count: 4 });
      const [live, freed] = [other.alloc(1)!, other.alloc(1)!];
      other.free(freed);
      for (const block of [live, freed, Buffer.from(live.buffer, live.byteOffset, 16)]) {
        expect(codesFor(list, block)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
        expect(list.owns(block)).toBe(false);
      }
      expect([list.live, other.live]).toEqual([0, 1]);
      other.free(live);
    });

    it('a part of a block, and what reaches beyond one', () => {
      using arena = new BumpArena(64 * KiB);
      using list = new FreeList(arena, { blockSize: 16, count: 4 });
      const [block, next] = [list.alloc(1)!, list.alloc(1)!];
      const at = (offset: number, length: number): Buffer =>
        Buffer.from(arena.buffer, block.byteOffset + offset, length);
      for (const part of [block.subarray(0, 15), block.subarray(1), block.subarray(4, 8), block.subarray(0, 0)]) {
        expect(codesFor(list, part)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
        expect(list.owns(part)).toBe(true);
      }
      for (const beyond of [at(8, 16), at(0, 17), at(0, 32), at(1, 16)]) {
        expect(codesFor(list, beyond)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
        expect(list.owns(beyond)).toBe(false);
      }
      expect([list.live, list.owns(block), list.owns(next)]).toEqual([2, true, true]);
    });

    it('which block it is, whatever view it is seen through', () => {
      using list = new FreeList(heap, { blockSize: 16, count: 4 });
      const [block, freed] = [list.alloc(1)!, list.alloc(1)!];
      list.free(freed);
      const viewsOf = ({ buffer, byteOffset }: Buffer): NodeJS.ArrayBufferView[] => [
        Buffer.from(buffer, byteOffset, 16),
        new Uint8Array(buffer, byteOffset, 16),
        new Float64Array(buffer, byteOffset, 2),
        new DataView(buffer, byteOffset, 16),
      ];
      for (const view of viewsOf(freed)) {
        expect(codesFor(list, view)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
        expect(list.owns(view)).toBe(false);
      }
      for (const view of viewsOf(block)) {
        expect([list.owns(view), list.realloc(view, 3)]).toEqual([true, block]);
        expect(list.lifetimeOf(view)).toBe(list.lifetimeOf(block));
        list.free(view);
        expect([...codesFor(list, view), ...codesFor(list, block)]).toEqual(Array(6).fill(DOUBLE));
        expect(list.alloc(1)).toBe(block);
      }
    });

    it('everything else', () => {
      using list = new FreeList(heap, { blockSize: 16, count: 4 });
      const block = list.alloc(1)!.fill(7);
      const { buffer, byteOffset } = block;
      const forged = Object.defineProperties(Buffer.alloc(16), {
        byteOffset: { value: byteOffset },
        length: { value: 16 },
        constructor: { value: block.constructor },
      });
      for (const foreign of [Buffer.from(block), Buffer.alloc(16, 7), heap.alloc(16)!, Buffer.alloc(0), forged]) {
        expect(codesFor(list, foreign)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
        expect(list.owns(foreign)).toBe(false);
      }
      class Mine extends struct({ id: u32 }) {}
      const likeness = { buffer, byteOffset, byteLength: 16, length: 16 };
      for (const none of [
        new Proxy(block, {}),
        likeness,
        Object.setPrototypeOf({ ...likeness }, Buffer.prototype as object) as object,
        Object.create(block) as object,
        new BumpArena(100).place(Mine),
        buffer,
        null,
        undefined,
        5,
        'block',
        [],
        Symbol('block'),
      ] as unknown[] as Buffer[]) {
        expect(codesFor(list, none)).toEqual(Array(3).fill('ERR_INVALID_ARG_TYPE'));
        expect(codeOf(() => list.owns(none))).toBe('ERR_INVALID_ARG_TYPE');
      }
      expect([list.live, list.owns(block)]).toEqual([1, true]);
    });

    it('the same after a subclass, or something else, was made of the list', () => {
      class Mine extends FreeList {}
      using list = new Mine(heap, { blockSize: 16, count: 1 });
      const block = list.alloc(1)!;
      Object.assign(block, { mine: true });
      list.free(block);
      expect(codesFor(list, block)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
      expect(list.alloc(1)).toBe(block);
    });
  });

  it('ends a lifetime when the block is freed, and begins another when it is handed out again', () => {
    using list = new FreeList(heap, { blockSize: 16, count: 2 });
    const block = list.alloc(1)!;
    const first = list.lifetimeOf(block);
    expect([list.lifetimeOf(block) === first, first.ended]).toEqual([true, false]);
    list.free(block);
    expect(first.ended).toBe(true);
    expect(list.alloc(1)).toBe(block);
    const second = list.lifetimeOf(block);
    expect([second.ended, second === first, first.ended]).toEqual([false, false, true]);
    list.dispose();
    expect(second.ended).toBe(true);
  });

  it('refuses wrong options with the codes that Node has for them', () => {
    const codes = (options: unknown): string | undefined => codeOf(() => new FreeList(heap, options as never));
    for (const wrong of [undefined, null, 5, {}, { alloc() {}, free() {} }]) {
      expect(codeOf(() => new FreeList(wrong as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect([null, 5].map(codes)).toEqual(Array(2).fill('ERR_INVALID_ARG_TYPE'));
    for (const name of ['blockSize', 'count', 'maxCount', 'align']) {
      for (const value of ['1', null, 1n, {}]) {
        expect([name, codes({ [name]: value })]).toEqual([name, 'ERR_INVALID_ARG_TYPE']);
      }
      for (const value of [0, -1, 1.5, NaN, -Infinity, 2 ** 53]) {
        expect([name, value, codes({ [name]: value })]).toEqual([name, value, 'ERR_OUT_OF_RANGE']);
      }
    }
    const infinite = ['blockSize', 'count', 'align'].map((name) => codes({ [name]: Infinity }));
    expect(infinite).toEqual(Array(3).fill('ERR_OUT_OF_RANGE'));
    expect([codes({ align: 3 }), codes({ align: 2 ** 31 }), codes({ count: 5, maxCount: 4 })]).toEqual(
      Array(3).fill('ERR_OUT_OF_RANGE'),
    );
    expect(codes({ blockSize: Number.MAX_SAFE_INTEGER, count: 1000 })).toBe('ERR_OFFHEAP_FULL');
    expect(codes({ blockSize: 2 ** 52, count: 1 })).toBe('ERR_OFFHEAP_FULL');
    expect(codes({ blockSize: undefined, count: undefined, maxCount: undefined, align: undefined })).toBeUndefined();
  });

  it('refuses wrong arguments with the codes that Node has for them', () => {
    using list = new FreeList(heap, { blockSize: 16, count: 2 });
    const block = list.alloc(1)!;
    for (const wrong of ['8', null, 8n, {}, undefined, true, { valueOf: () => 8 }] as never[]) {
      expect(codeOf(() => list.alloc(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => list.realloc(block, wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      expect(codeOf(() => list.alloc(wrong))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => list.realloc(block, wrong))).toBe('ERR_OUT_OF_RANGE');
    }
    expect([0, 3, -8, 2 ** 31, NaN].map((align) => codeOf(() => list.alloc(8, align)))).toEqual(
      Array(5).fill('ERR_OUT_OF_RANGE'),
    );
    expect(['8', null, { valueOf: () => 8 }].map((align) => codeOf(() => list.alloc(8, align as never)))).toEqual(
      Array(3).fill('ERR_INVALID_ARG_TYPE'),
    );
    expect(list.live).toBe(1);
  });

  it('says how much of it is handed out', () => {
    const list = new FreeList(heap, { blockSize: 1536, count: 3 });
    list.alloc(1);
    expect(inspect(list)).toBe('FreeList { blockSize: 1.5 KiB, live: 1, count: 3 }');
    list.dispose();
    expect(inspect(list)).toBe('FreeList { disposed }');
  });
});
