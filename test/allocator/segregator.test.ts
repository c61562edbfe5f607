import {
  type BlockOwner,
  Box,
  BumpArena,
  FreeList,
  heap,
  KiB,
  NullAllocator,
  ScopedAllocator,
  Segregator,
  struct,
  u8,
  u32,
  array,
  Vec,
} from '../../lib';
import { codeOf, errorOf, TestSource } from './support';

const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';

/** A segregator at 64 bytes: a FreeList of two blocks, and an arena of 1 KiB. */
function make(): { both: Segregator; small: FreeList; large: BumpArena } {
  const small = new FreeList(heap, { blockSize: 64, count: 2 });
  const large = new BumpArena(1 * KiB);
  return { both: new Segregator(64, small, large), small, large };
}

describe('Segregator', () => {
  it.each([
    [0, 'small'],
    [1, 'small'],
    [63, 'small'],
    [64, 'small'],
    [65, 'large'],
    [1000, 'large'],
  ])('takes %d bytes from the %s side', (size, side) => {
    const { both, small, large } = make();
    const block = both.alloc(size)!;
    expect([small.owns(block), large.owns(block), both.owns(block)]).toEqual([
      side === 'small',
      side === 'large',
      true,
    ]);
    both.free(block);
    expect([small.live, large.used]).toEqual([0, 0]);
  });

  it('takes nothing from the small side but empty blocks where the threshold is 0', () => {
    const both = new Segregator(0, heap, new NullAllocator());
    expect([both.alloc(0)!.length, both.alloc(1)]).toEqual([0, null]);
    const all = new Segregator(Number.MAX_SAFE_INTEGER, heap, new NullAllocator());
    expect(all.alloc(1000)).toHaveLength(1000);
  });

  it('answers null where the side is full, though the other one is not', () => {
    const { both, large } = make();
    both.alloc(1);
    both.alloc(1);
    expect([both.alloc(1), large.used, both.alloc(2000), both.alloc(1000)!.length]).toEqual([null, 0, null, 1000]);
    expect([both.alloc(65), both.alloc(2 ** 50)]).toEqual([null, null]);
  });

  it('passes the alignment on', () => {
    const { both } = make();
    expect([both.alloc(1, 128), both.alloc(64, 64)!.byteOffset % 64]).toEqual([null, 0]);
    both.alloc(65, 1);
    expect(both.alloc(65, 256)!.byteOffset).toBe(256);
  });

  it('moves a block that grows from the small side to the large one, with its contents', () => {
    const { both, small, large } = make();
    const block = both.alloc(10)!;
    block.forEach((_, i) => (block[i] = i));
    const contents = Buffer.from(block);
    expect(both.realloc(block, 64)).toBe(block);
    const moved = both.realloc(block, 100, 16)!;
    expect([moved.length, small.live, large.owns(moved), moved.byteOffset % 16]).toEqual([100, 0, true, 0]);
    expect(moved.subarray(0, 64).equals(contents)).toBe(true);
    expect(both.owns(block)).toBe(false);
  });

  it('moves a block that shrinks from the large side to the small one, with what is left of its contents', () => {
    const { both, small, large } = make();
    const block = both.alloc(100)!;
    block.forEach((_, i) => (block[i] = i));
    const contents = Buffer.from(block);
    const shorter = both.realloc(block, 65)!;
    expect([shorter.length, shorter.byteOffset, large.used]).toEqual([65, block.byteOffset, 65]);
    const moved = both.realloc(shorter, 64)!;
    expect([small.live, large.used, small.owns(moved), moved.length]).toEqual([1, 0, true, 64]);
    expect(moved.equals(contents.subarray(0, 64))).toBe(true);
  });

  it('copies no more than the new block has, and no more than the old one had', () => {
    using small = new FreeList(heap, { blockSize: 100, count: 2 });
    using large = new ScopedAllocator(heap, 1000);
    const both = new Segregator(50, small, large);
    const block = both.alloc(10)!.fill(1);
    expect(block).toHaveLength(100); // longer than asked for, and than the threshold
    const moved = both.realloc(block, 60)!;
    expect([large.owns(moved), moved.length, moved.every((byte) => byte === 1)]).toEqual([true, 60, true]);
    const back = both.realloc(moved, 50)!;
    expect([small.owns(back), back.length, back.subarray(0, 50).every((byte) => byte === 1)]).toEqual([
      true,
      100,
      true,
    ]);
    const empty = both.realloc(both.alloc(60)!, 0)!;
    expect(small.owns(empty)).toBe(true);
  });

  it('leaves a block where it is when the other side is full', () => {
    const { both, small, large } = make();
    const [first, second] = [both.alloc(1)!.fill(1), both.alloc(1)!.fill(2)];
    const block = both.alloc(500)!.fill(3);
    expect([both.realloc(first, 600), small.live, small.owns(first)]).toEqual([null, 2, true]);
    const short = both.realloc(block, 20)!;
    expect([short.length, large.owns(short), large.used, small.live]).toEqual([20, true, 20, 2]);
    expect([first, second, short].map((each) => each.every((byte) => byte === each[0]))).toEqual([true, true, true]);
    both.free(second);
    const moved = both.realloc(short, 30)!;
    expect([small.owns(moved), large.used, moved[19]]).toEqual([true, 0, 3]);
    expect([both.realloc(moved, 2000), small.owns(moved)]).toEqual([null, true]);
  });

  it('loses nothing where moving fails', () => {
    const owning = (): TestSource & BlockOwner => {
      const source = new TestSource();
      return Object.assign(source, { owns: (block: Buffer) => source.live.has(block) });
    };
    const [small, large] = [owning(), owning()];
    const both = new Segregator(10, small, large);
    const block = both.alloc(10)!.fill(7);
    small.failure = new Error('kept');
    expect(() => both.realloc(block, 20)).toThrow('kept');
    expect([small.live.size, large.live.size, block[9]]).toEqual([1, 0, 7]);
    small.failure = null;
    const moved = both.realloc(block, 20)!;
    expect([small.live.size, large.live.size, moved[9]]).toEqual([0, 1, 7]);
  });

  it('refuses a block that neither side owns', () => {
    const { both } = make();
    const [freed, moved] = [both.alloc(1)!, both.alloc(1)!];
    both.free(freed);
    both.realloc(moved, 100);
    const cases = [
      ...[freed, moved].map((block) => [block, /ERR_OFFHEAP_(DOUBLE_FREE|FOREIGN_BLOCK)/] as const),
      ...[Buffer.alloc(64), heap.alloc(10)!].map((block) => [block, new RegExp(FOREIGN)] as const),
    ];
    for (const [block, code] of cases) {
      expect(both.owns(block)).toBe(false);
      expect(codeOf(() => both.realloc(block, 1))).toMatch(code);
      expect(codeOf(() => both.realloc(block, 100))).toMatch(code);
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
    ).toMatch(/Segregator/);
  });

  it('holds Boxes and Vecs, which move from side to side', () => {
    const { both, small, large } = make();
    const Wide = struct({ list: array(u8, 100) });
    const boxes = [Box.newIn(both, u32, 1)!, Box.newIn(both, Wide, { list: [2] })!] as const;
    const vec = Vec.newIn(both, u32, 1)!;
    for (let i = 0; i < 50; i++) {
      expect(vec.push(i)).toBe(i);
    }
    expect([small.live, [...vec][49], boxes[0].value, boxes[1].value.list[0]]).toEqual([1, 49, 1, 2]);
    large.resetUnsafe();
    expect([codeOf(() => vec.at(0)), codeOf(() => boxes[1].value), boxes[0].value]).toEqual([
      'ERR_OFFHEAP_STALE',
      'ERR_OFFHEAP_STALE',
      1,
    ]);
  });

  it('refuses wrong arguments with the codes that Node has for them', () => {
    for (const wrong of ['1', null, undefined, 1n, {}] as never[]) {
      expect(codeOf(() => new Segregator(wrong, heap, heap))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      expect(codeOf(() => new Segregator(wrong, heap, heap))).toBe('ERR_OUT_OF_RANGE');
    }
    for (const wrong of [undefined, null, 5, {}, new TestSource()] as BlockOwner[]) {
      expect(codeOf(() => new Segregator(1, wrong, heap))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => new Segregator(1, heap, wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    const { both } = make();
    const block = both.alloc(8)!;
    for (const wrong of ['8', '800', null, {}, undefined] as never[]) {
      expect(codeOf(() => both.alloc(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => both.realloc(block, wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => both.owns(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(
        codeOf(() => {
          both.free(wrong);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [-1, 1.5, 100.5, NaN, Infinity, -Infinity]) {
      expect(codeOf(() => both.alloc(wrong))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => both.realloc(block, wrong))).toBe('ERR_OUT_OF_RANGE');
    }
    expect([codeOf(() => both.alloc(8, 3)), codeOf(() => both.alloc(800, 3))]).toEqual(
      Array(2).fill('ERR_OUT_OF_RANGE'),
    );
  });
});
