import * as workers from 'node:worker_threads';

import {
  type BlockOwner,
  Box,
  BumpArena,
  BumpArenaLazy,
  f64,
  FallbackAllocator,
  FreeList,
  heap,
  KiB,
  MemoryArena,
  MiB,
  ScopedAllocator,
  Segregator,
  struct,
  u32,
  Vec,
} from '../../lib';
import { codeOf } from '../arena/support';

const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';
const STALE = 'ERR_OFFHEAP_STALE';
const Point = struct({ x: u32, y: u32 });

const freed = (allocator: BlockOwner, block: Buffer): string | undefined =>
  codeOf(() => {
    allocator.free(block);
  });

describe('What rests on a block', () => {
  it('is not given up in part by the arena that it is from', () => {
    using arena = new BumpArena(4 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 4 });
    const block = list.alloc(64)!;
    const box = Box.newIn(arena, f64, 42)!;
    expect([freed(arena, block), freed(arena, Buffer.from(arena.buffer, 0, arena.used))]).toEqual([FOREIGN, FOREIGN]);
    expect([box.value, list.alloc(64)?.length]).toEqual([42, 64]);
  });

  it('ends where its whole block is given up by hand, as by a Buffer from an earlier scope', () => {
    const scoped = new ScopedAllocator(heap, 4 * KiB);
    const kept = scoped.scope((inner) => inner.alloc(8)!);
    scoped.scope((inner) => {
      const box = Box.newIn(inner, Point, { x: 7 })!;
      inner.free(kept);
      inner.place(Point, { x: 99 });
      expect(codeOf(() => box.value)).toBe(STALE);
    });
  });

  it('is found by a second free that reaches the source of a list', () => {
    using arena = new BumpArena(4 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 2 });
    for (const pool of [new Segregator(64, list, arena), new FallbackAllocator(list, arena)]) {
      const [first, second] = [pool.alloc(64)!, pool.alloc(64)!];
      pool.free(second);
      expect(freed(pool, second)).toBe('ERR_OFFHEAP_DOUBLE_FREE');
      pool.free(first);
    }
    const box = Box.newIn(list, u32, 1)!;
    arena.alloc(100)!.fill(0xee);
    expect(box.value).toBe(1);
  });

  it('is found below claims that have ended', () => {
    using arena = new BumpArena(4 * KiB);
    arena.alloc(8);
    const early = arena.alloc(8)!;
    arena.lifetimeOf(early);
    const last = arena.alloc(80)!;
    arena.free(early); // no longer anybody's, though it is not the last one
    const all = Buffer.from(arena.buffer, 0, arena.used);
    const whole: BlockOwner = {
      alloc: () => all,
      realloc: () => null,
      free: () => undefined,
      owns: () => true,
      lifetimeOf: (block) => arena.lifetimeOf(block),
    };
    const vec = Vec.newIn(whole, f64, 12)!;
    vec.extend([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(freed(arena, last)).toBe(FOREIGN);
    expect([...vec]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('keeps a block of a list in a list apart from those of the outer one', () => {
    const outer = new FreeList(heap, { blockSize: 48, count: 1 });
    const inner = new FreeList(outer, { blockSize: 8, count: 6 });
    const box = Box.newIn(inner, f64, 42)!;
    const block = inner.alloc(8)!;
    expect([codeOf(() => outer.realloc(block, 48)), freed(outer, block), box.value]).toEqual([FOREIGN, FOREIGN, 42]);
  });

  it('is placed where it can be seen after somebody has taken the ArrayBuffer away', () => {
    using arena = new BumpArenaLazy(1 * MiB);
    const scoped = new ScopedAllocator(arena, 4 * KiB);
    scoped.scope((inner) => {
      inner.place(Point, { x: 1111, y: 2222 });
    });
    scoped.place(Point);
    const stream = new ReadableStream({
      type: 'bytes',
      start(controller) {
        controller.enqueue(scoped.alloc(1)!);
      },
    });
    expect(scoped.place(Point, { x: 7, y: 8 })!.toObject()).toEqual({ x: 7, y: 8 });
    void stream.cancel();
  });

  it('ends however deep it is nested', () => {
    using arena = new BumpArena(1 * MiB);
    let source: BlockOwner = arena;
    for (let size = 500_000; size > 400_000; size -= 8) {
      source = new ScopedAllocator(source, size);
    }
    const box = Box.newIn(source, f64, 42)!;
    arena.resetUnsafe();
    arena.alloc(512 * KiB)!.fill(0xee);
    expect(codeOf(() => box.value)).toBe(STALE);
  });

  it('costs little more than nothing once it was freed, in whatever order', () => {
    using arena = new BumpArena(16 * MiB);
    for (let round = 0; round < 3; round++) {
      const boxes = Array.from({ length: 20_000 }, (_, i) => Box.newIn(arena, f64, i)!);
      const last = Box.newIn(arena, f64, 42)!;
      boxes.forEach((box) => {
        box.free();
      });
      expect([codeOf(() => boxes[0]!.value), last.value]).toEqual([STALE, 42]);
    }
  });
});

describe('What cannot be used in another thread', () => {
  it('is refused when it is cloned, where the runtime can, and not sent as an empty object', () => {
    const arena = new MemoryArena();
    const allocator = arena.allocator();
    const things = [
      Box.newIn(heap, f64, 1)!,
      Vec.newIn(heap, f64)!,
      Vec.newIn(heap, Point)!,
      new FreeList(heap),
      new ScopedAllocator(heap, 64),
      new FallbackAllocator(heap, heap),
      arena,
      allocator,
    ];
    const cloned = things.map((thing) => {
      try {
        structuredClone(thing);
        return true;
      } catch (error) {
        return (error as Error).name;
      }
    });
    expect(cloned).toEqual(things.map(() => ('markAsUncloneable' in workers ? 'DataCloneError' : true)));
    arena.dispose();
  });
});

describe('A FreeList that could not be disposed of', () => {
  it('has all its free blocks, and no other', () => {
    let refuses = true;
    const source: BlockOwner = {
      alloc: (size, align) => heap.alloc(size, align),
      realloc: (block, size) => heap.realloc(block, size),
      free(block) {
        if (refuses) {
          throw new Error('not now');
        }
        heap.free(block);
      },
      owns: (block) => heap.owns(block),
    };
    const list = new FreeList(source, { blockSize: 64, count: 8 });
    const blocks = Array.from({ length: 8 }, () => list.alloc(1)!);
    blocks.slice(2).forEach((block) => {
      list.free(block);
    });
    expect(() => {
      list.dispose();
    }).toThrow('not now');
    const again = Array.from({ length: 7 }, () => list.alloc(1));
    expect([new Set(again.slice(0, 6)), again[6], list.live]).toEqual([new Set(blocks.slice(2)), null, 8]);
    refuses = false;
    list.dispose();
    expect(codeOf(() => list.alloc(1))).toBe('ERR_OFFHEAP_DISPOSED');
  });
});

describe('A FreeList whose arena goes back again and again', () => {
  it('forgets the slabs that are gone, and finds the blocks of those that are there', () => {
    using arena = new BumpArena(64 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 2, maxCount: Infinity });
    const kept = [list.alloc(1)!, list.alloc(1)!];
    const checkpoint = arena.checkpoint();
    for (let i = 0; i < 1000; i++) {
      list.alloc(1);
      arena.rewind(checkpoint);
    }
    expect([list.count, list.live]).toEqual([2, 2]);
    arena.alloc(8);
    const blocks = [list.alloc(1)!, list.alloc(1)!];
    const views = [...kept, ...blocks].map(({ buffer, byteOffset }) => Buffer.from(buffer, byteOffset, 64));
    expect(views.map((view) => list.owns(view))).toEqual([true, true, true, true]);
    views.forEach((view) => {
      list.free(view);
    });
    expect([list.live, list.count]).toEqual([0, 4]);
  });

  it('has room again for what went, where there may be only so many', () => {
    using arena = new BumpArena(64 * KiB);
    const list = new FreeList(arena, { blockSize: 64, count: 2, maxCount: 4 });
    list.alloc(1);
    list.alloc(1);
    const answers = [1, 2, 3].map(() => arena.scope(() => list.alloc(1)?.length));
    expect([answers, list.live, list.alloc(1)?.length]).toEqual([[64, 64, 64], 2, 64]);
  });
});
