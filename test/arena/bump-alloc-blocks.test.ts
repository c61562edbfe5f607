import { BumpAlloc, FallbackAllocator, FreeList, heap, KiB, MiB, ScopedAllocator } from '../../lib';
import { codeOf, isZero } from './support';

const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';

/** Of a block that is filled with `value`. */
const isAll = (block: Uint8Array, value: number): boolean => block.every((byte) => byte === value);

describe('A BumpAlloc that reallocates', () => {
  it('grows the last block in place', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    alloc.alloc(10, 1);
    const block = alloc.alloc(20, 1)!.fill(1);
    const grown = alloc.realloc(block, 1014)!;
    expect([Buffer.isBuffer(grown), grown.byteOffset, grown.length, alloc.remaining]).toEqual([true, 10, 1014, 0]);
    expect([isAll(grown.subarray(0, 20), 1), isZero(grown.subarray(20))]).toEqual([true, true]);
  });

  it('grows the last block in place across the borders of chunks and of what is committed', () => {
    const alloc = BumpAlloc.withSize(64 * MiB);
    alloc.alloc(3, 1);
    let block = alloc.alloc(5, 1)!.fill(1);
    for (const size of [100, 16_000, 65_533, 65_534, 65_536, 100_000, 2 * MiB, 2 * MiB + 1, 20 * MiB, 64 * MiB - 3]) {
      const { length } = block;
      block = alloc.realloc(block, size)!;
      expect([block.byteOffset, block.length, alloc.allocated]).toEqual([3, size, size + 3]);
      expect([block[0], block[length - 1], isZero(block.subarray(length, length + 1000))]).toEqual([1, 1, true]);
      block[size - 1] = 1;
    }
    expect([alloc.remaining, alloc.realloc(block, 64 * MiB - 2)]).toEqual([0, null]);
  });

  it('moves an earlier block and copies it, aligned as asked for', () => {
    const alloc = BumpAlloc.withSize(200 * KiB);
    const block = alloc.alloc(10, 1)!.fill(5);
    alloc.alloc(1, 1)!.fill(9);
    const moved = alloc.realloc(block, 30)!;
    expect([moved.byteOffset, moved.length]).toEqual([16, 30]);
    expect([isAll(moved.subarray(0, 10), 5), isZero(moved.subarray(10)), isAll(block, 5)]).toEqual([true, true, true]);
    alloc.alloc(1);
    expect(alloc.realloc(moved, 31, 256)!.byteOffset).toBe(256);
    const large = alloc.realloc(moved, 100 * KiB, 4096)!;
    expect([large.byteOffset, isAll(large.subarray(0, 10), 5), isZero(large.subarray(10))]).toEqual([4096, true, true]);
  });

  it('shrinks a block where it is, and gives nothing back', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const [first, last] = [alloc.alloc(100, 1)!.fill(3), alloc.alloc(100, 1)!.fill(4)];
    for (const block of [first, last]) {
      for (const size of [100, 99, 8, 0]) {
        const shrunk = alloc.realloc(block, size)!;
        expect([shrunk.byteOffset, shrunk.length, isAll(shrunk, block[0]!)]).toEqual([block.byteOffset, size, true]);
      }
    }
    expect([alloc.allocated, alloc.alloc(1, 1)!.byteOffset, isAll(last, 4)]).toEqual([200, 200, true]);
  });

  it('answers null where a block would not fit, and leaves it alone', () => {
    const alloc = BumpAlloc.withSize(100);
    const first = alloc.alloc(40, 1)!.fill(1);
    const last = alloc.alloc(40, 1)!.fill(2);
    for (const size of [61, 100, 101, 1 * MiB, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      expect([alloc.realloc(first, size), alloc.realloc(last, size)]).toEqual([null, null]);
    }
    expect(alloc.realloc(first, 41)).toBeNull();
    expect([alloc.allocated, alloc.owns(first), alloc.owns(last)]).toEqual([80, true, true]);
    expect([isAll(first, 1), isAll(last, 2)]).toEqual([true, true]);
    expect(alloc.realloc(last, 60)!.byteOffset).toBe(40);
  });

  it('makes a block of an empty one', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const early = alloc.alloc(0)!;
    alloc.alloc(3);
    const late = alloc.alloc(0)!;
    expect([alloc.realloc(early, 10)!.byteOffset, alloc.realloc(late, 10)!.byteOffset]).toEqual([8, 24]);
    expect([alloc.realloc(early, 0)!.length, alloc.realloc(late, 1 * KiB)]).toEqual([0, null]);
  });

  it('takes typed arrays for the memory that they are', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const floats = alloc.allocArray(Float64Array, 4)!.fill(1.5);
    const grown = alloc.realloc(floats, 64)!;
    expect([grown.byteOffset, grown.length, grown.readDoubleLE(24)]).toEqual([floats.byteOffset, 64, 1.5]);
    alloc.alloc(1);
    expect(alloc.realloc(floats, 80)!.readDoubleLE(24)).toBe(1.5);
  });
});

/** Blocks that are none of `alloc`'s, of which something has been allocated. */
function foreignTo(alloc: BumpAlloc): [string, NodeJS.ArrayBufferView][] {
  const other = BumpAlloc.withSize(1 * KiB);
  using list = new FreeList(heap, { blockSize: 64 });
  const { buffer, allocated } = alloc;
  return [
    ['the heap', Buffer.alloc(10)],
    ['Node’s pool', Buffer.from('pooled')],
    ['no allocator', new Uint8Array(5)],
    ['shared memory', new Uint8Array(new SharedArrayBuffer(8))],
    ['another BumpAlloc', other.alloc(10)!],
    ['another BumpAlloc, and is empty', other.alloc(0)!],
    ['a BumpAlloc that has reserved nothing, and is empty', BumpAlloc.withSize(1).alloc(0)!],
    ['a FreeList', list.alloc(10)!],
    ['nobody, beyond what is allocated', new Uint8Array(buffer, allocated, 1)],
    ['somebody at its first bytes alone', new Uint8Array(buffer, allocated - 1, 2)],
    ['somebody at its first bytes alone, to the end', new Uint8Array(buffer, 0)],
    ['the end of the memory', new DataView(buffer, buffer.byteLength - 8)],
  ];
}

describe('A BumpAlloc that is given a block back', () => {
  it('does nothing', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const blocks = [alloc.alloc(10)!.fill(1), alloc.alloc(0)!, alloc.alloc(100)!.fill(2)];
    const views = [...blocks, blocks[2]!.subarray(50), new DataView(blocks[0]!.buffer, 3, 1)];
    for (const view of [...views, ...views]) {
      alloc.free(view);
      expect(alloc.owns(view)).toBe(true);
    }
    expect([alloc.allocated, isAll(blocks[0]!, 1), isAll(blocks[2]!, 2)]).toEqual([116, true, true]);
    expect(alloc.alloc(8)!.byteOffset).toBe(120);
  });

  it.each([1, 100, 20_000, 100_000])('refuses what it does not own, after %i bytes', (size) => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    const block = alloc.alloc(size, 1)!.fill(7);
    for (const [whose, foreign] of foreignTo(alloc)) {
      const uses = [
        () => {
          alloc.free(foreign);
        },
        () => alloc.realloc(foreign, 0),
        () => alloc.realloc(foreign, 20),
        () => alloc.offsetOf(foreign),
        () => alloc.lifetimeOf(foreign),
      ];
      expect([whose, alloc.owns(foreign), ...uses.map(codeOf)]).toEqual([whose, false, ...uses.map(() => FOREIGN)]);
    }
    expect([alloc.allocated, alloc.owns(block), isAll(block, 7)]).toEqual([size, true, true]);
  });

  it('says what it was given', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    alloc.alloc(8);
    expect(() => {
      alloc.free(new Uint8Array(new ArrayBuffer(10), 2, 5));
    }).toThrow('Expected a live block of this BumpAlloc. Received 5 bytes at offset 2 that are none');
  });

  it('owns its blocks to the last byte, through every view and every buffer that it has had', () => {
    const alloc = BumpAlloc.withSize(8 * MiB);
    const first = alloc.alloc(100, 1)!;
    expect(alloc.owns(new DataView(alloc.buffer, 99, 1))).toBe(true);
    alloc.allocOffset(4 * MiB, 1);
    expect(alloc.buffer).not.toBe(first.buffer);
    const end = alloc.allocated;
    const views = [first, new Uint8Array(first.buffer, 50), new Uint8Array(alloc.buffer, 0, end)];
    expect(views.map((view) => alloc.owns(view))).toEqual([true, true, true]);
    const beyond = [new Uint8Array(alloc.buffer, 0, end + 1), new Uint8Array(alloc.buffer, end, 1)];
    expect(beyond.map((view) => alloc.owns(view))).toEqual([false, false]);
  });

  it('has one lifetime for all, which never ends', () => {
    const alloc = BumpAlloc.withSize(4 * MiB);
    const blocks = [alloc.alloc(8)!, alloc.alloc(0)!, alloc.alloc(3 * MiB)!, alloc.allocArray(Float64Array, 3)!];
    const lifetimes = blocks.map((block) => alloc.lifetimeOf(block));
    for (const block of blocks) {
      alloc.free(block);
    }
    alloc.realloc(blocks[0]!, 100);
    expect(lifetimes.map(({ ended }) => ended)).toEqual([false, false, false, false]);
    expect(new Set(lifetimes).size).toBe(1);
  });

  it('is the source of other allocators, which give their memory back and take new one', () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    for (let round = 1; round <= 3; round++) {
      using list = new FreeList(alloc, { blockSize: 64, count: 10 });
      using scoped = new ScopedAllocator(alloc, 1024);
      const blocks = [list.alloc(64)!.fill(1), scoped.alloc(900)!.fill(2)];
      expect(blocks.map((block) => alloc.owns(block))).toEqual([true, true]);
      expect(alloc.allocated).toBe(round * 1664);
    }
  });

  it('has empty blocks that are taken for none of those that others have made of its memory', () => {
    for (const align of [8, 4096]) {
      const alloc = BumpAlloc.withSize(64 * KiB);
      const list = new FreeList(alloc, { blockSize: 64, count: 4 });
      const either = new FallbackAllocator(list, alloc);
      const block = either.alloc(64)!.fill(1);
      const empty = alloc.alloc(0, align)!;
      expect([align, list.owns(empty), either.owns(empty)]).toEqual([align, false, true]);
      either.free(empty);
      expect([list.live, list.owns(block), either.realloc(empty, 8)!.length]).toEqual([1, true, 8]);
    }
  });
});

describe('A BumpAlloc, asked what is where,', () => {
  it('finds a block again by its offset, and not a copy', () => {
    const alloc = BumpAlloc.withSize(8 * MiB);
    for (const size of [1, 300, 70_000, 4 * MiB]) {
      const block = alloc.alloc(size)!.fill(1);
      const offset = alloc.offsetOf(block);
      const found = alloc.bytesAt(offset, size);
      expect([Buffer.isBuffer(found), found.length, offset, isAll(found, 1)]).toEqual([
        ...[true, size, block.byteOffset, true],
      ]);
      found[size - 1] = 2;
      block[0] = 3;
      expect([block[size - 1], found[0]]).toEqual(size === 1 ? [3, 3] : [2, 3]);
      expect([alloc.offsetOf(found), alloc.owns(found)]).toEqual([offset, true]);
    }
  });

  it('finds parts of blocks, several at once, and typed arrays', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const floats = alloc.allocArray(Float64Array, 4)!.fill(0.5);
    const block = alloc.alloc(16)!.fill(2);
    expect([alloc.offsetOf(floats.subarray(2)), alloc.offsetOf(block.subarray(3))]).toEqual([16, 35]);
    expect(alloc.bytesAt(24, 8).readDoubleLE()).toBe(0.5);
    expect(alloc.bytesAt(24, 16).subarray(8)).toEqual(Buffer.alloc(8, 2));
    expect(alloc.bytesAt(0, 48)).toHaveLength(48);
  });

  it('answers nothing where nothing is asked for', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    expect(alloc.bytesAt(0, 0)).toHaveLength(0);
    alloc.alloc(10, 1);
    expect([alloc.bytesAt(0, 0).length, alloc.bytesAt(5, 0).length, alloc.bytesAt(10, 0).length]).toEqual([0, 0, 0]);
    expect([alloc.offsetOf(alloc.bytesAt(5, 0)), codeOf(() => alloc.bytesAt(1 * KiB + 1, 0))]).toEqual([
      5,
      'ERR_OUT_OF_RANGE',
    ]);
  });

  it('finds empty blocks again, too', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    for (const [size, align] of [
      [0, 8],
      [3, 8],
      [1, 64],
      [1010, 1],
    ] as const) {
      alloc.alloc(size, 1);
      const empty = alloc.alloc(0, align)!;
      expect([empty.byteOffset % align, alloc.allocOffset(0, align)]).toEqual([0, empty.byteOffset]);
      expect(alloc.bytesAt(alloc.offsetOf(empty), 0)).toHaveLength(0);
    }
    expect(alloc.allocated).toBe(1014);
  });

  it('refuses what has not been allocated', () => {
    const alloc = BumpAlloc.withSize(100 * KiB);
    expect(codeOf(() => alloc.bytesAt(0, 1))).toBe('ERR_OUT_OF_RANGE');
    alloc.alloc(10, 1);
    const most = Number.MAX_SAFE_INTEGER;
    for (const [offset, length] of [
      [0, 11],
      [9, 2],
      [10, 1],
      [64 * KiB, 1],
      [0, 100 * KiB],
      [100 * KiB, 1],
      [most, 1],
      [0, most],
      [most, most],
      [2 ** 32, 2 ** 32],
    ] as const) {
      expect([offset, length, codeOf(() => alloc.bytesAt(offset, length))]).toEqual([
        ...[offset, length, 'ERR_OUT_OF_RANGE'],
      ]);
    }
    expect(() => alloc.bytesAt(8, 3)).toThrow(
      'The value of "offset" is out of range. It must be that of 3 bytes which have been allocated. Received 8',
    );
    expect(alloc.bytesAt(9, 1)).toHaveLength(1);
  });
});
