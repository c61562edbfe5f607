import {
  type ArenaAllocator,
  array,
  i128,
  KiB,
  layoutOf,
  MemoryArena,
  MiB,
  ref,
  self,
  struct,
  u32,
  u8,
} from '../../lib';
import { codeOf, isZero } from './support';

class Circle extends struct({ radius: u32, tag: u8 }) {
  get area(): number {
    return 3 * this.radius ** 2;
  }
}
class Node extends struct({ id: u32, next: self, circle: ref(() => Circle), list: array(u32, 2) }) {}
const Wide = struct({ value: i128 });

/** Opens an arena of blocks of 4 KiB for one test. */
function inArena(test: (allocator: ArenaAllocator, arena: MemoryArena) => void, blockSize = 4 * KiB) {
  return () => {
    using arena = new MemoryArena(blockSize);
    using allocator = arena.allocator();
    test(allocator, arena);
  };
}

describe('An ArenaAllocator hands out', () => {
  it(
    'blocks of exactly the size asked for, side by side',
    inArena((allocator) => {
      const blocks = [1, 7, 8, 9, 0, 4096].map((size) => allocator.alloc(size)!);
      expect(blocks.map(({ length }) => length)).toEqual([1, 7, 8, 9, 0, 4096]);
      expect(blocks.map(({ byteOffset }) => byteOffset)).toEqual([0, 8, 16, 24, 40, 40]);
      expect(allocator.used).toBe(40 + 4096);
      const bytes = [1, 2, 3].map(() => allocator.alloc(3, 1)!.byteOffset);
      expect(bytes).toEqual([4136, 4139, 4142]);
      const slices = [allocator.allocArray(Uint16Array, 3)!, allocator.allocArray(Uint16Array, 5)!];
      expect(slices[1]!.byteOffset - slices[0]!.byteOffset).toBe(6);
    }),
  );

  it(
    'blocks that are larger than one of the arena',
    inArena((allocator, arena) => {
      const small = allocator.alloc(100)!.fill(1);
      const large = allocator.alloc(1 * MiB)!.fill(2);
      const after = allocator.alloc(100)!.fill(3);
      expect([large.byteOffset, after.byteOffset]).toEqual([104, 104 + 1 * MiB]);
      for (const [i, block] of [small, large, after].entries()) {
        expect(block.equals(Buffer.alloc(block.length, i + 1))).toBe(true);
      }
      expect(arena.committed).toBeGreaterThanOrEqual(1 * MiB);
    }),
  );

  it(
    'thousands of blocks, none over another',
    inArena((allocator) => {
      const blocks = Array.from({ length: 5000 }, (_, i) =>
        allocator.alloc((i * 37) % 900, 1 << (i % 7))!.fill(i % 251),
      );
      let end = 0;
      for (const [i, block] of blocks.entries()) {
        expect([block.length, block.byteOffset % (1 << (i % 7))]).toEqual([(i * 37) % 900, 0]);
        expect(block.length === 0 || block.byteOffset >= end).toBe(true);
        expect(block.every((byte) => byte === i % 251)).toBe(true);
        end = block.length === 0 ? end : block.byteOffset + block.length; // an empty one takes no room
      }
      expect(allocator.used).toBe(end);
      expect(blocks.every((block) => allocator.owns(block))).toBe(true);
    }),
  );

  it(
    'typed arrays of every kind, aligned to their elements',
    inArena((allocator) => {
      const kinds = [
        ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array],
        ...[Float64Array, BigInt64Array, BigUint64Array],
      ] as (typeof Float64Array)[];
      for (const type of kinds) {
        allocator.alloc(1, 1);
        const typed = allocator.allocArray(type, 1001)!;
        expect(typed).toBeInstanceOf(type);
        expect([typed.length, typed.byteOffset % type.BYTES_PER_ELEMENT]).toEqual([1001, 0]);
        expect(allocator.owns(typed)).toBe(true);
        expect(allocator.allocArray(type, 0)).toHaveLength(0);
      }
      expect(Buffer.isBuffer(allocator.allocArray(Buffer as never, 10))).toBe(true);
    }),
  );

  it('zeroes on request, whatever the last user has left', () => {
    using arena = new MemoryArena(4 * KiB);
    for (let round = 0; round < 3; round++) {
      using allocator = arena.allocator();
      const blocks = [10, 5000, 64 * KiB, 3].map((size) => allocator.allocZeroed(size)!);
      expect(blocks.every(isZero)).toBe(true);
      blocks.forEach((block) => block.fill(0xff));
      allocator.free(allocator.alloc(100)!.fill(1));
      expect(isZero(allocator.allocZeroed(200, 1)!)).toBe(true);
      allocator.alloc(100 * KiB)!.fill(0xff);
    }
    arena.trim();
    expect(arena.scope((allocator) => isZero(allocator.allocZeroed(300 * KiB)!))).toBe(true);
  });

  it(
    'blocks at alignments up to a page and beyond',
    inArena((allocator) => {
      for (const align of [1, 2, 16, 64, 256, 4096, 64 * KiB, 1 * MiB]) {
        allocator.alloc(1, 1);
        const block = allocator.alloc(100, align)!;
        expect([align, block.byteOffset % align]).toEqual([align, 0]);
        expect(allocator.allocZeroed(1, align)!.byteOffset % align).toBe(0);
      }
    }),
  );
});

describe('An ArenaAllocator changes', () => {
  it(
    'its last block in place, also across the blocks of the arena',
    inArena((allocator) => {
      const first = allocator.alloc(100)!.fill(1);
      const grown = allocator.realloc(first, 50 * KiB)!;
      expect([grown.byteOffset, grown.length, allocator.used]).toEqual([0, 50 * KiB, 50 * KiB]);
      expect(grown.subarray(0, 100).every((byte) => byte === 1)).toBe(true);
      const shrunk = allocator.realloc(grown, 10)!;
      expect([shrunk.byteOffset, shrunk.length, allocator.used]).toEqual([0, 10, 10]);
      allocator.free(shrunk);
      expect([allocator.used, allocator.alloc(5)!.byteOffset]).toEqual([0, 0]);
    }),
  );

  it(
    'an earlier block by moving it, or by shortening it where it is',
    inArena((allocator) => {
      const first = allocator.alloc(100)!.fill(1);
      const second = allocator.alloc(100)!.fill(2);
      const moved = allocator.realloc(first, 200, 256)!;
      expect([moved.byteOffset, moved.length]).toEqual([256, 200]);
      expect(moved.subarray(0, 100).every((byte) => byte === 1)).toBe(true);
      expect(allocator.realloc(second, 50)!.byteOffset).toBe(104);
      expect(allocator.used).toBe(456);
      allocator.free(second); // not the last one: nothing happens
      expect([allocator.used, second.every((byte) => byte === 2)]).toEqual([456, true]);
    }),
  );

  it(
    'typed arrays and empty blocks as well',
    inArena((allocator) => {
      const floats = allocator.allocArray(Float64Array, 2)!.fill(1.5);
      const grown = allocator.realloc(floats, 64)!;
      expect([...new Float64Array(grown.buffer, grown.byteOffset, 2)]).toEqual([1.5, 1.5]);
      expect(allocator.realloc(allocator.alloc(0)!, 8)!.byteOffset).toBe(64);
      expect(allocator.realloc(grown, 0)).toHaveLength(0);
      allocator.free(allocator.alloc(0)!);
      expect(allocator.used).toBe(72);
    }),
  );

  it(
    'no record',
    inArena((allocator) => {
      const block = allocator.alloc(8)!;
      const record = allocator.place(Circle, { radius: 5 })!;
      const view = Buffer.from(block.buffer, 0, allocator.used);
      expect(
        codeOf(() => {
          allocator.free(view);
        }),
      ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(codeOf(() => allocator.realloc(view, 4))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(record.radius).toBe(5);
    }),
  );
});

describe('An ArenaAllocator owns', () => {
  it(
    'the memory of its live blocks, through whatever view',
    inArena((allocator) => {
      const block = allocator.alloc(100)!;
      const later = allocator.alloc(200 * KiB)!; // in another, longer ArrayBuffer
      for (const view of [block, block.subarray(50), new DataView(block.buffer, 10, 20), later, later.subarray(1, 1)]) {
        expect(allocator.owns(view)).toBe(true);
      }
      expect(later.buffer).not.toBe(block.buffer);
      const last = allocator.alloc(10)!;
      allocator.free(last);
      expect([allocator.owns(last), allocator.owns(later)]).toEqual([false, true]);
    }),
  );

  it('nothing that is another’s', () => {
    using arena = new MemoryArena(4 * KiB);
    using other = new MemoryArena(4 * KiB);
    using mine = arena.allocator();
    const theirs = other.allocator();
    mine.alloc(100);
    const block = theirs.alloc(100)!;
    expect([mine.owns(block), mine.owns(Buffer.alloc(10)), theirs.owns(block)]).toEqual([false, false, true]);
    for (const use of [
      () => {
        mine.free(block);
      },
      () => mine.realloc(block, 200),
      () => mine.lifetimeOf(block),
    ]) {
      expect(codeOf(use)).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    }
    theirs.dispose();
    using next = other.allocator();
    expect(next.owns(block)).toBe(false);
    next.alloc(10);
    expect([next.owns(block), next.owns(block.subarray(0, 10))]).toEqual([false, true]);
  });
});

describe('An ArenaAllocator places', () => {
  it(
    'records of many kinds, each at its alignment, with their methods',
    inArena((allocator) => {
      allocator.alloc(3, 1);
      const circle = allocator.place(Circle, { radius: 2, tag: 1 })!;
      const wide = allocator.place(Wide, { value: -(2n ** 127n) })!;
      const node = allocator.place(Node, { id: 1, circle, list: [1] })!;
      expect([circle.area, wide.value, node.circle!.area, [...node.list]]).toEqual([12, -(2n ** 127n), 12, [1, 0]]);
      expect([node.next, allocator.place(Circle)!.radius]).toEqual([null, 0]);
      circle.radius = 3;
      expect(node.circle!.area).toBe(27);
    }),
  );

  it('linked lists across many blocks, which are stale when it is disposed of', () => {
    using arena = new MemoryArena(4 * KiB);
    let last: Node | null = null;
    const first = arena.scope((allocator) => {
      const COUNT = 20_000;
      for (let id = 0; id < COUNT; id++) {
        last = allocator.place(Node, { id, next: last, list: [id, id] });
        if (id % 100 === 0) {
          allocator.alloc(1000)!.fill(0xff);
        }
      }
      expect(allocator.used).toBeGreaterThan(COUNT * layoutOf(Node).size);
      let count = 0;
      let end: Node = last!;
      for (let node: Node | null = last; node !== null; node = node.next) {
        count++;
        end = node;
        if (node.id !== COUNT - count || node.list[1] !== node.id) {
          throw new Error(`Expected ${COUNT - count}. Received ${node.id}`);
        }
      }
      expect(count).toBe(COUNT);
      return end;
    });
    using allocator = arena.allocator();
    const fresh = allocator.place(Node, { id: 77 })!;
    for (const stale of [first, last!]) {
      const uses = [() => stale.id, () => (stale.id = 1), () => stale.next, () => stale.toObject(), () => stale.list];
      expect(uses.map(codeOf)).toEqual(uses.map(() => 'ERR_OFFHEAP_STALE'));
      expect(codeOf(() => (fresh.next = stale))).toBe('ERR_OFFHEAP_STALE');
      expect(codeOf(() => allocator.place(Node, { next: stale }))).toBe('ERR_OFFHEAP_STALE');
    }
    expect(fresh.toObject()).toMatchObject({ id: 77, next: null });
  });

  it('nothing that links to records of another arena', () => {
    using one = new MemoryArena(4 * KiB);
    using two = new MemoryArena(4 * KiB);
    using mine = one.allocator();
    using theirs = two.allocator();
    const foreign = theirs.place(Node)!;
    expect(codeOf(() => mine.place(Node, { next: foreign }))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    expect(mine.used).toBe(0);
    const node = mine.place(Node)!;
    expect(codeOf(() => (node.next = foreign))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
  });

  it(
    'nothing where a value does not fit, and loses no memory',
    inArena((allocator) => {
      allocator.alloc(3, 1);
      for (const init of [{ id: -1 }, { list: [1, 2, 3] }, { next: {} }, { list: 5 }]) {
        expect(codeOf(() => allocator.place(Node, init as never))).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/);
        expect(allocator.used).toBe(3);
      }
    }),
  );
});

describe('The lifetime of a block in a MemoryArena', () => {
  it('is the same for all of its allocator, and ends with it', () => {
    using arena = new MemoryArena(4 * KiB);
    const allocator = arena.allocator();
    const first = allocator.lifetimeOf(allocator.alloc(10)!);
    const second = allocator.lifetimeOf(allocator.alloc(1 * MiB)!);
    expect([first.ended, second.ended]).toEqual([false, false]);
    allocator.dispose();
    expect([first.ended, second.ended]).toEqual([true, true]);
    const next = arena.allocator();
    const third = next.lifetimeOf(next.alloc(10)!);
    arena.dispose();
    expect([first.ended, third.ended]).toEqual([true, true]);
  });
});

describe('MemoryArena.trim', () => {
  it('gives physical memory above what is in use back, and keeps the rest usable', () => {
    using arena = new MemoryArena(64 * KiB);
    const first = arena.allocator();
    first.alloc(8 * MiB)!.fill(1);
    first.dispose();
    expect(arena.resident).toBeGreaterThanOrEqual(8 * MiB);
    const second = arena.allocator();
    const block = second.alloc(1 * MiB)!.fill(2);
    arena.trim();
    const { committed } = arena;
    expect(arena.resident).toBeLessThan(4 * MiB);
    expect(arena.resident).toBeGreaterThanOrEqual(1 * MiB);
    expect(block.every((byte) => byte === 2)).toBe(true);
    expect(isZero(second.allocZeroed(8 * MiB)!)).toBe(true);
    second.dispose();
    arena.trim();
    expect(arena.resident).toBe(0);
    expect(arena.committed).toBeGreaterThanOrEqual(committed);
    expect(arena.scope((allocator) => allocator.alloc(8 * MiB)!.fill(3)[0])).toBe(3);
  });
});
