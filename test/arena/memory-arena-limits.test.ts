import { constants } from 'node:buffer';

import { array, GiB, KiB, MemoryArena, memoryUsage, MiB, self, struct, u32 } from '../../lib';
import { settle } from '../support';
import { codeOf, DETACHES, isZero, runWithSpareMemory } from './support';

const Node = struct({ id: u32, next: self, list: array(u32, 2) });

/** Addresses are reserved so many at once; Node 20 has no longer ArrayBuffers. */
const RANGE = Math.min(64 * GiB, constants.MAX_LENGTH);

/** Touches both ends. */
function mark(block: Buffer, value: number): Buffer {
  block[0] = value;
  block[block.length - 1] = value;
  return block;
}

function isMarked(block: Buffer, value: number): boolean {
  return block[0] === value && block.at(-1) === value;
}

describe('A MemoryArena', () => {
  it('goes beyond 2 GiB and 4 GiB, and touches no more than it is told to', () => {
    using arena = new MemoryArena();
    using allocator = arena.allocator();
    const blocks = [];
    for (const edge of [2 * GiB, 4 * GiB]) {
      // All ranges end at 4 GiB at least.
      const below = mark(allocator.alloc(edge - 16 - (allocator.used % (4 * GiB)))!, 1);
      const across = mark(allocator.alloc(32)!, 2);
      const above = mark(allocator.allocZeroed(100)!, 3);
      blocks.push(below, across, above);
    }
    expect(blocks.map((block, i) => isMarked(block, (i % 3) + 1))).toEqual(blocks.map(() => true));
    expect(blocks.map((block) => allocator.owns(block))).toEqual(blocks.map(() => true));
    expect(allocator.used).toBeGreaterThan(4 * GiB);
    expect(arena.resident).toBeLessThan(64 * MiB);
    const record = allocator.place(Node, { id: 7, list: [8, 9] })!;
    const linked = allocator.place(Node, { id: 8, next: record })!;
    expect([linked.next!.id, [...linked.next!.list]]).toEqual([7, [8, 9]]);
    const floats = allocator.allocArray(Float64Array, 3)!.fill(0.5);
    expect([floats[2], allocator.realloc(floats, 64)!.byteOffset]).toEqual([0.5, floats.byteOffset]);
  });

  it('links records on both sides of 2 GiB', () => {
    using arena = new MemoryArena();
    using allocator = arena.allocator();
    const below = allocator.place(Node, { id: 1 })!;
    allocator.alloc(2 * GiB);
    const above = allocator.place(Node, { id: 2, next: below, list: [3, 4] })!;
    below.next = above;
    expect([below.next.id, [...below.next.list], above.next!.id]).toEqual([2, [3, 4], 1]);
    expect(above.toObject().next).toBe(0);
    expect(below.toObject().next).toBeGreaterThan(2 * GiB);
  });

  it('goes on to a second range where the first has no room, and has the blocks of both', () => {
    using arena = new MemoryArena();
    const allocator = arena.allocator();
    const first = mark(allocator.alloc(RANGE - 1 * GiB)!, 1);
    const record = allocator.place(Node, { id: 1 })!;
    const second = mark(allocator.alloc(2 * GiB)!, 2);
    const third = mark(allocator.alloc(1000)!, 3);
    const lifetimes = [first, second, third].map((block) => allocator.lifetimeOf(block));
    expect([first, second, third].map((block) => allocator.owns(block))).toEqual([true, true, true]);
    expect(first.buffer).not.toBe(second.buffer);
    expect(allocator.used).toBe(RANGE + 1 * GiB + 1000 + 24);
    // The last block of either range grows in place, and moves where its range has no more room.
    const grown = allocator.realloc(third, 2000)!;
    expect([grown.byteOffset, isMarked(third, 3)]).toEqual([third.byteOffset, true]);
    const shorter = allocator.realloc(first, 100)!;
    expect([shorter.byteOffset, allocator.owns(shorter)]).toEqual([0, true]);
    const moved = allocator.realloc(shorter, 200)!;
    expect([moved[0], moved.buffer === second.buffer || moved.byteOffset > 0]).toEqual([1, true]);
    allocator.free(grown);
    allocator.free(first);
    expect(codeOf(() => allocator.place(Node, { next: record }))).toMatch(/^(undefined|ERR_OFFHEAP_FOREIGN_BLOCK)$/);
    expect(record.id).toBe(1);
    allocator.dispose();
    expect(lifetimes.map(({ ended }) => ended)).toEqual([true, true, true]);
    expect(codeOf(() => record.id)).toBe('ERR_OFFHEAP_STALE');
    // And once more, over the same memory.
    const { committed } = arena;
    using next = arena.allocator();
    expect(next.alloc(RANGE - 1 * GiB)!.byteOffset).toBe(0);
    const again = next.alloc(2 * GiB)!;
    expect([again.byteOffset, arena.committed]).toEqual([second.byteOffset, committed]);
    expect(next.owns(second)).toBe(true);
  });

  it('gives what is placed as a range ends the values of its init object, which is read as always', () => {
    using arena = new MemoryArena();
    using allocator = arena.allocator();
    allocator.alloc(RANGE - 8);
    let reads = 0;
    const init = {
      get id(): number {
        return ++reads;
      },
      list: [1, 2].values(), // can be gone through once
    };
    const record = allocator.place(Node, init)!;
    expect([record.id, [...record.list], reads]).toEqual([1, [1, 2], 1]);
  });

  it('has room for a block of a whole range, however much is in use', () => {
    using arena = new MemoryArena();
    using allocator = arena.allocator();
    mark(allocator.alloc(8)!, 1);
    const whole = allocator.alloc(RANGE);
    expect(whole).toHaveLength(RANGE);
    expect(allocator.alloc(Number.MAX_SAFE_INTEGER)).toBe(null);
    expect(allocator.alloc(8)).toHaveLength(8);
  });

  it('is full where the system has no more memory, loses nothing by it, and works again afterwards', () => {
    const { taken, before, refused, after, isNext, growsInPlace, again } = runWithSpareMemory(
      1500 * MiB,
      'memory-arena-refused.cjs',
    ) as {
      [name in 'taken' | 'again']: number;
    } & { [name in 'refused' | 'isNext' | 'growsInPlace']: boolean } & { [name in 'before' | 'after']: object };
    expect([taken, refused, again]).toEqual([1100, true, 1100]);
    expect(after).toEqual(before);
    expect([isNext, growsInPlace]).toEqual([true, true]);
  });

  it('gives its memory back when it is dropped without dispose, and keeps that of views', async () => {
    await settle();
    const before = memoryUsage().reserved;
    const make = (): WeakRef<MemoryArena> => {
      const arena = new MemoryArena(64 * KiB);
      arena
        .allocator()
        .alloc(10 * MiB)!
        .fill(1);
      return new WeakRef(arena);
    };
    const makeKept = (): Buffer =>
      new MemoryArena(64 * KiB)
        .allocator()
        .alloc(1 * MiB)!
        .fill(7);
    const dropped = make();
    const kept = makeKept();
    expect(memoryUsage().reserved).toBeGreaterThan(before);
    await settle(10);
    expect(dropped.deref()).toBeUndefined();
    expect(kept.every((byte) => byte === 7)).toBe(true);
    expect(memoryUsage().reserved - before).toBeLessThan(RANGE);
  });
});

/** What takes a block's ArrayBuffer away. */
const THIEVES: [string, (block: Buffer) => Promise<Uint8Array>][] = [
  [
    'a byte stream',
    async (block) => {
      const stream = new ReadableStream({
        type: 'bytes',
        start(controller) {
          controller.enqueue(block);
          controller.close();
        },
      });
      return (await stream.getReader().read()).value as Uint8Array;
    },
  ],
];
if (DETACHES) {
  THIEVES.push([
    'transfer()',
    ({ buffer, byteOffset, byteLength }) =>
      Promise.resolve(new Uint8Array((buffer as ArrayBuffer).transfer(), byteOffset, byteLength)),
  ]);
}

describe.each(THIEVES)('A MemoryArena, its ArrayBuffer taken away by %s,', (_name, steal) => {
  it('goes on where it was, with its records', async () => {
    using arena = new MemoryArena(64 * KiB);
    using allocator = arena.allocator();
    const record = allocator.place(Node, { id: 5 })!;
    const before = allocator.alloc(100)!.fill(7);
    const stolen = await steal(allocator.alloc(1000)!.fill(5));
    expect([before.length, stolen[999]]).toEqual([0, 5]);
    const after = allocator.alloc(100)!.fill(6);
    expect([after.byteOffset, allocator.owns(after), allocator.owns(before)]).toEqual([1128, true, false]);
    expect(new Uint8Array(after.buffer, 24, 100).every((byte) => byte === 7)).toBe(true);
    expect(record.id).toBe(5);
    expect(allocator.place(Node, { id: 6, next: record })!.next!.id).toBe(5);
    expect(codeOf(() => allocator.realloc(before, 200))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    allocator.dispose();
    expect(codeOf(() => record.id)).toBe('ERR_OFFHEAP_STALE');
    using next = arena.allocator();
    new Uint8Array(stolen.buffer).fill(8);
    expect(isZero(next.allocZeroed(100 * KiB)!)).toBe(true);
  });

  it('leaves the thief valid memory after dispose', async () => {
    const arena = new MemoryArena(64 * KiB);
    const stolen = await steal(arena.allocator().alloc(1000)!);
    arena.dispose();
    new Uint8Array(stolen.buffer).fill(1);
    expect(stolen[999]).toBe(1);
  });
});

it('A structured clone of a MemoryArena’s block is a copy', () => {
  using arena = new MemoryArena(64 * KiB);
  using allocator = arena.allocator();
  const block = allocator.alloc(100)!.fill(1);
  const clone = structuredClone(block);
  block.fill(2);
  expect(clone.every((byte) => byte === 1)).toBe(true);
  // Node 20 copies in silence, later versions refuse: either way the memory stays.
  expect(codeOf(() => structuredClone(block, { transfer: [block.buffer as ArrayBuffer] })) ?? 25).toBe(25);
  expect([allocator.alloc(10)!.length, block.length]).toEqual([10, 100]);
});
