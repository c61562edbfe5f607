import { type Allocator } from '../../lib';
import { describeFull } from './always-full';
import { describeArguments } from './arguments';
import { describeOwning } from './owning';
import { describeReallocating } from './reallocating';
import { type Factory, fill, intact, overlaps, sentences, tooMuch, type Traits } from './support';

export type { Factory, Traits } from './support';

/**
 * Holds an allocator to what every one of them promises: `lib/allocator/allocator.ts`. It calls `describe` and `it`, and
 * nothing else of jest's.
 *
 * @param name As in `FreeList`: the sentences go on from there.
 * @param factory Makes an allocator with room for 16 blocks of up to 64 bytes at least, calls `use` with it and cleans up.
 * @param traits In what it differs from others.
 */
export function describeAllocator(name: string, factory: Factory, traits: Traits): void {
  describe(`${name}, as an allocator,`, () => {
    if (traits.largest > 0) {
      describeAllocating(factory, traits);
      describeRoom(factory, traits);
      describeReallocating(factory, traits);
    } else {
      describeFull(factory);
    }
    describeOwning(factory, traits);
    describeArguments(factory, traits);
  });
}

const ALIGNMENTS = [1, 2, 4, 8, 16, 32, 64, 256, 4096];

function describeAllocating(factory: Factory, traits: Traits): void {
  const it = sentences(factory);

  it(`answers Buffers ${traits.exact === true ? 'exactly' : 'at least'} as long as asked for`, (allocator) => {
    for (const size of [1, 3, 8, 17, 63, 64]) {
      const block = allocator.alloc(size)!;
      expect(Buffer.isBuffer(block)).toBe(true);
      expect(block.length).toBeGreaterThanOrEqual(size);
      if (traits.exact === true) {
        expect(block).toHaveLength(size);
      }
    }
  });

  it('aligns a block for every scalar that it has room for', (allocator) => {
    for (const size of [8, 1, 9, 3, 16, 64]) {
      const { byteOffset } = allocator.alloc(size)!;
      expect(byteOffset % (size < 8 ? 1 : 8)).toBe(0);
    }
  });

  it.each(ALIGNMENTS)('aligns a block to %i, or answers null', (align, allocator) => {
    for (const size of [1, 0, 8, 24]) {
      const block = allocator.alloc(size, align);
      if (align <= (traits.maxAlign ?? 256)) {
        expect(block).not.toBeNull();
      }
      expect((block?.byteOffset ?? 0) % align).toBe(0);
    }
  });

  it('hands out no byte twice', (allocator) => {
    const blocks = fill(allocator, [5, 64, 8, 1, 33, 16, 64, 2]);
    expect(blocks.length).toBeGreaterThanOrEqual(8);
    expect(overlaps(blocks)).toEqual([]);
    expect(intact(blocks)).toBe(true);
  });

  it('answers a block for size 0', (allocator) => {
    const neighbour = allocator.alloc(3, 1)!.fill(1);
    const empty = allocator.alloc(0)!;
    expect(Buffer.isBuffer(empty)).toBe(true);
    if (traits.exact === true) {
      expect(empty).toHaveLength(0);
    }
    empty.fill(2);
    expect(neighbour.subarray(0, 3)).toEqual(Buffer.alloc(3, 1));
    allocator.free(empty);
    expect(allocator.alloc(8)).not.toBeNull();
  });

  it('keeps an empty block alive, whatever is allocated and freed meanwhile', (allocator) => {
    const first = allocator.alloc(3, 1)!;
    const empty = allocator.alloc(0)!;
    const last = allocator.alloc(5, 1)!;
    allocator.free(last);
    allocator.free(first);
    const grown = allocator.realloc(empty, 16)!;
    expect(grown.length).toBeGreaterThanOrEqual(16);
    allocator.free(grown);
  });
}

function describeRoom(factory: Factory, traits: Traits): void {
  const it = sentences(factory);
  const { count = 1, largest, takesBack } = traits;

  it('answers null for more than there can be, and changes nothing', (allocator) => {
    const blocks = fill(allocator, [8, 64]);
    for (const size of tooMuch(traits)) {
      expect(allocator.alloc(size, size % 2 === 0 ? 4096 : 1)).toBeNull();
    }
    const more = fill(allocator, [8, 64]);
    expect(more).toHaveLength(2);
    expect(overlaps([...blocks, ...more])).toEqual([]);
    expect(intact([...blocks, ...more])).toBe(true);
  });

  if (largest === Infinity) {
    return;
  }

  it(`has room for exactly ${count} ${count === 1 ? 'block' : 'blocks'} of ${largest} bytes`, (allocator) => {
    expect(allocator.alloc(largest + 1)).toBeNull();
    const blocks = fill(allocator, Array<number>(count).fill(largest));
    expect(blocks).toHaveLength(count);
    expect(allocator.alloc(largest)).toBeNull();
    expect(overlaps(blocks)).toEqual([]);
    expect(intact(blocks)).toBe(true);
  });

  it('answers null when it is full, and has room again for what it takes back', (allocator) => {
    const blocks = fillUp(allocator);
    expect(blocks.length).toBeGreaterThanOrEqual(16);
    expect(overlaps(blocks)).toEqual([]);
    expect(intact(blocks)).toBe(true);
    const indices = { every: [0, 7, blocks.length - 1], last: [blocks.length - 1], none: [] }[takesBack];
    for (const index of indices) {
      allocator.free(blocks[index]!);
      const block = allocator.alloc(64, 1);
      expect(block).not.toBeNull();
      blocks[index] = block!.fill(255 - index);
    }
    expect(allocator.alloc(64, 1)).toBeNull();
    expect(overlaps(blocks)).toEqual([]);
    expect(intact(blocks)).toBe(true);
  });

  it('refuses none of its blocks when it is full, and still makes them smaller', (allocator) => {
    const blocks = fillUp(allocator);
    const smaller = blocks.map((block) => {
      const answer = allocator.realloc(block, 16)!;
      expect(answer[0]).toBe(block[0]);
      return answer;
    });
    for (const block of smaller.reverse()) {
      allocator.free(block);
    }
  });

  it('aligns an empty block when it is full, or answers null', (allocator) => {
    fillUp(allocator);
    fillUp(allocator, 1);
    for (const align of ALIGNMENTS) {
      const empty = allocator.alloc(0, align);
      expect((empty?.byteOffset ?? 0) % align).toBe(0);
    }
  });

  if (takesBack === 'every') {
    it('hands out all of its memory again when all has come back, in whatever order', (allocator) => {
      const blocks = fillUp(allocator);
      const mixed = blocks.map((_, i) => blocks[(i * 7) % blocks.length]!);
      for (const block of new Set([...mixed, ...blocks])) {
        allocator.free(block);
      }
      const again = fillUp(allocator);
      expect(again).toHaveLength(blocks.length);
      expect(overlaps(again)).toEqual([]);
    });
  }
}

/** Blocks until there is no room for another one. */
function fillUp(allocator: Allocator, size = 64): Buffer[] {
  const blocks: Buffer[] = [];
  for (let block = allocator.alloc(size, 1); block !== null; block = allocator.alloc(size, 1)) {
    blocks.push(block.fill(blocks.length));
  }
  return blocks;
}
