import {
  type Allocator,
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
  NullAllocator,
  ScopedAllocator,
  StatsAllocator,
  str,
  u32,
  u8,
  Vec,
} from '../../lib';
import { codeOf } from '../arena/support';
import { ALLOCATORS, Body, Plain, Point } from './support';

/** A block of another’s behind whatever was last, so that nothing can grow in place. */
function block(allocator: Allocator): void {
  expect(allocator.alloc(8)).not.toBeNull();
}

describe.each(ALLOCATORS)('A Vec that grows in %s', (_title, inAllocator) => {
  it.each([100, 1000])('keeps its elements, up to %i of them or none more', (count) => {
    inAllocator((allocator) => {
      const vec = Vec.newIn(allocator, Point)!;
      let length = 0;
      for (; length < count; length++) {
        const index = vec.push({ x: length, y: -length });
        if (index === -1) {
          break;
        }
        expect(index).toBe(length);
        if (length % 17 === 0) {
          Box.newIn(allocator, f64, NaN);
        }
      }
      expect([...vec].map(({ x, y }) => x + y)).toEqual(Array(length).fill(0));
      expect([vec.length, vec.at(length - 1).x]).toEqual([length, length - 1]);
      expect(vec.capacity).toBeGreaterThanOrEqual(length);
    });
  });
});

const ROOMY: [string, () => Allocator][] = [
  ['the heap', () => heap],
  ['a BumpArena', () => new BumpArena(8 * MiB)],
  ['a BumpArenaLazy', () => new BumpArenaLazy(8 * MiB)],
  ['an ArenaAllocator', () => new MemoryArena().allocator()],
  ['a ScopedAllocator', () => new ScopedAllocator(heap, 8 * MiB)],
  ['a FallbackAllocator', () => new FallbackAllocator(new BumpArena(10 * KiB), new BumpArenaLazy(8 * MiB))],
];

describe.each(ROOMY)('65,535 elements in %s', (_name, make) => {
  const COUNT = 65_535;

  it('are where they were pushed', () => {
    const vec = Vec.newIn(make(), u32)!;
    for (let i = 0; i < COUNT; i++) {
      vec.push(i * 3);
    }
    let wrong = 0;
    for (let i = 0; i < COUNT; i++) {
      wrong += vec.at(i) === i * 3 ? 0 : 1;
    }
    expect([wrong, vec.length, vec.elements.length]).toEqual([0, COUNT, COUNT]);
    expect(vec.elements[COUNT - 1]).toBe((COUNT - 1) * 3);
    vec.free();
  });

  it('of a struct are as well, beside others that grow', () => {
    const allocator = make();
    const [one, two] = [Vec.newIn(allocator, Point)!, Vec.newIn(allocator, u8)!];
    for (let i = 0; i < COUNT; i++) {
      if (one.push({ x: i, y: i / 2 }) !== i || two.push(i % 256) !== i) {
        throw new Error(`Expected room for ${i}`);
      }
    }
    let wrong = 0;
    for (let i = 0; i < COUNT; i++) {
      const { x, y } = one.at(i);
      wrong += x === i && y === i / 2 && two.at(i) === i % 256 ? 0 : 1;
    }
    expect(wrong).toBe(0);
    expect(one.pop()).toEqual({ x: COUNT - 1, y: (COUNT - 1) / 2 });
  });
});

describe('A Vec', () => {
  it('takes no memory before its first element, or as much as it is told to', () => {
    const arena = new BumpArena(1 * KiB);
    const vec = Vec.newIn(arena, f64)!;
    expect([vec.capacity, arena.used]).toEqual([0, 0]);
    vec.push(1);
    expect([vec.capacity, arena.used]).toEqual([8, 64]);
    const given = Vec.newIn(arena, f64, 20)!;
    expect([given.capacity, arena.used]).toEqual([20, 64 + 160]);
    given.extend(new Float64Array(20));
    expect([given.capacity, arena.used, given.reserve(0), given.reserve(20)]).toEqual([20, 224, true, true]);
    expect([given.reserve(21), given.capacity]).toEqual([true, 40]);
  });

  it('grows in place where it is last, and references to its elements stay valid', () => {
    for (const allocator of [new BumpArena(8 * KiB), new BumpArenaLazy(1 * MiB), new ScopedAllocator(heap, 8 * KiB)]) {
      const vec = Vec.newIn(allocator, Point, 1)!;
      vec.push({ x: 1, y: 2 });
      const first = vec.at(0);
      for (let i = 1; i < 200; i++) {
        vec.push({ x: i });
      }
      first.x = 7;
      expect([first.y, vec.at(0).x, allocator.used]).toEqual([2, 7, 256 * 16]);
    }
  });

  it('grows in place through the commits and exposures of a lazy arena', () => {
    const arena = new BumpArenaLazy(64 * MiB);
    const vec = Vec.newIn(arena, f64)!;
    vec.push(0.5);
    const before = vec.elements;
    const zeroes = new Float64Array(100_000);
    while (vec.length < 2e6) {
      vec.extend(zeroes);
    }
    before[0] = 1.5;
    expect([vec.at(0), vec.elements.buffer === before.buffer, vec.elements.byteOffset]).toEqual([1.5, false, 0]);
  });

  it('moves where another block is behind it, and references to its elements are stale', () => {
    for (const allocator of [new BumpArena(8 * KiB), new ScopedAllocator(heap, 8 * KiB), heap]) {
      const vec = Vec.newIn(allocator, Point, 5)!;
      vec.extend([{ x: 1 }, { x: 2 }, {}, {}, {}]);
      const [first, second] = vec;
      block(allocator);
      vec.push({ x: 3 });
      for (const old of [first!, second!]) {
        expect([() => old.x, () => (old.x = 9), () => old.toObject()].map(codeOf)).toEqual(
          Array(3).fill('ERR_OFFHEAP_STALE'),
        );
      }
      expect([...vec].map(({ x }) => x)).toEqual([1, 2, 0, 0, 0, 3]);
    }
  });

  it('uses the whole block of a FreeList, and no more', () => {
    const list = new FreeList(heap, { blockSize: 100, align: 8, count: 2 });
    const vec = Vec.newIn(list, f64)!;
    vec.push(0);
    expect(vec.capacity).toBe(12);
    const first = Vec.newIn(list, Point)!;
    first.push({});
    expect(first.capacity).toBe(6);
    const kept = first.at(0);
    for (let i = 1; i < 12; i++) {
      expect(vec.push(i)).toBe(i);
    }
    expect([vec.push(12), vec.reserve(13), vec.extend([1]), vec.extend(new Float64Array(1))]).toEqual([
      ...[-1, false, -1, -1],
    ]);
    expect([...vec]).toEqual(Array.from({ length: 12 }, (_, i) => i));
    kept.x = 5;
    expect([first.at(0).x, list.live]).toEqual([5, 2]);
    expect(Vec.newIn(list, f64, 1)).toBeNull();
    vec.free();
    expect([list.live, Vec.newIn(list, f64, 13), Vec.newIn(list, f64, 12)!.capacity]).toEqual([1, null, 12]);
  });

  it('is null where there is no room for its capacity, which takes nothing', () => {
    const arena = new BumpArena(100);
    for (const capacity of [13, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      expect([Vec.newIn(arena, f64, capacity), arena.used]).toEqual([null, 0]);
    }
    expect(Vec.newIn(new NullAllocator(), f64, 1)).toBeNull();
    expect(Vec.newIn(new NullAllocator(), f64)!.push(1)).toBe(-1);
    expect(Vec.newIn(heap, f64, 2 ** 50)).toBeNull();
    expect(Vec.newIn(arena, f64, 12)!.capacity).toBe(12);
  });

  it('loses nothing where there is no room to grow', () => {
    const plain = new Plain(64 + 40);
    for (const allocator of [new BumpArena(64 + 40), new ScopedAllocator(heap, 64 + 40), plain]) {
      const vec = Vec.newIn(allocator, f64)!;
      vec.extend([1, 2, 3, 4, 5, 6, 7, 8]);
      const elements = vec.elements;
      block(allocator);
      expect([vec.push(9), vec.extend([9]), vec.reserve(9), vec.reserve(2 ** 52)]).toEqual([-1, -1, false, false]);
      expect(vec.extend(new Float64Array(1))).toBe(-1);
      expect([vec.length, vec.capacity, [...vec]]).toEqual([8, 8, [1, 2, 3, 4, 5, 6, 7, 8]]);
      elements[0] = 10; // it is where it was
      expect([vec.at(0), vec.pop(), vec.push(11), vec.push(12)]).toEqual([10, 8, 7, -1]);
    }
  });

  it('adds none of several elements where there is room for some', () => {
    const arena = new BumpArena(80);
    const vec = Vec.newIn(arena, f64)!;
    vec.extend([1, 2, 3, 4, 5, 6, 7]);
    expect([vec.extend([8, 9, 10, 11]), vec.length]).toEqual([-1, 7]);
    expect(vec.extend(new Float64Array(4))).toBe(-1);
    expect([vec.extend([8, 9, 10]), arena.remaining, vec.push(11), [...vec].length]).toEqual([7, 0, -1, 10]);
  });

  it('takes exactly what it needs where there is no room for twice as much', () => {
    for (const allocator of [new BumpArena(72), new ScopedAllocator(heap, 72)]) {
      const vec = Vec.newIn(allocator, f64)!;
      vec.extend([1, 2, 3, 4, 5, 6, 7, 8]);
      expect([vec.push(9), vec.capacity, allocator.remaining, vec.push(10)]).toEqual([8, 9, 0, -1]);
    }
    // The first block, too, for less than which there would be room.
    const small = Vec.newIn(new BumpArena(20), f64)!;
    expect([small.push(1), small.push(2), small.push(3), small.capacity]).toEqual([0, 1, -1, 2]);
    // And where it has to move.
    const arena = new BumpArena(16 + 8 + 24);
    const vec = Vec.newIn(arena, f64, 2)!;
    vec.extend([1, 2]);
    block(arena);
    expect([vec.push(3), vec.push(4), [...vec], arena.remaining]).toEqual([2, -1, [1, 2, 3], 0]);
  });

  it('goes on in the fallback where the main allocator is full, and gives its block back', () => {
    const main = new BumpArena(64);
    const stats = new StatsAllocator(main);
    const vec = Vec.newIn(new FallbackAllocator(stats, heap), Point)!;
    vec.extend([{ x: 1 }, { x: 2 }, { x: 3 }, { x: 4 }]);
    const first = vec.at(0);
    expect([vec.push({ x: 5 }), main.used, stats.stats.liveBlocks]).toEqual([4, 0, 0]);
    expect([...vec].map(({ x }) => x)).toEqual([1, 2, 3, 4, 5]);
    expect(codeOf(() => first.x)).toBe('ERR_OFFHEAP_STALE');
    main.reset();
    expect(vec.at(4).x).toBe(5);
    vec.free();
  });

  it('gives its block back when it is freed, so that the last one makes room', () => {
    const arena = new BumpArena(1 * KiB);
    const stats = new StatsAllocator(arena);
    for (let i = 0; i < 100; i++) {
      const vec = Vec.newIn(stats, Body)!;
      vec.extend([1, 2, 3, 4, 5].map((id) => Body.from(id)));
      vec.free();
    }
    expect([arena.used, stats.stats.liveBlocks, stats.stats.liveBytes]).toEqual([0, 0, 0]);
  });

  it('keeps the alignment of its elements in whatever block', () => {
    const plain = new Plain(1 * KiB);
    plain.alloc(1, 1);
    const bytes = Vec.newIn(plain, u8)!;
    const words = Vec.newIn(plain, str(3))!;
    const floats = Vec.newIn(plain, f64)!;
    for (let i = 0; i < 30; i++) {
      expect([bytes.push(i), words.push(`${i}`), floats.push(i / 2)]).toEqual([i, i, i]);
    }
    expect([...floats]).toEqual(Array.from({ length: 30 }, (_, i) => i / 2));
    expect([[...bytes].at(-1), [...words].at(-1)]).toEqual([29, '29']);
  });

  it('refuses an allocator that answers something else than a block as it is asked for', () => {
    const make = (answer: (buffer: ArrayBuffer) => unknown) => {
      const buffer = new ArrayBuffer(4096);
      const vec = Vec.newIn(
        {
          alloc: (size) => Buffer.from(buffer, 0, size),
          realloc: () => answer(buffer) as Buffer,
          free: () => undefined,
        },
        f64,
      )!;
      vec.extend([1, 2, 3, 4, 5, 6, 7, 8]);
      return vec;
    };
    const answers: ((buffer: ArrayBuffer) => unknown)[] = [
      () => undefined,
      () => 5,
      () => ({}),
      (buffer) => new Uint8Array(buffer),
      (buffer) => Buffer.from(buffer, 0, 8),
      (buffer) => Buffer.from(buffer, 1, 1024), // f64 cannot lie there
    ];
    for (const answer of answers) {
      const vec = make(answer);
      expect(() => vec.push(9)).toThrow(TypeError);
      // Whether the old block is still there, nobody knows.
      expect(codeOf(() => vec.at(0)) ?? [...vec]).toEqual(codeOf(() => vec.at(0)) ?? [1, 2, 3, 4, 5, 6, 7, 8]);
      expect(codeOf(() => vec.at(0)) ?? 'ERR_OFFHEAP_STALE').toBe('ERR_OFFHEAP_STALE');
    }
  });
});
