import {
  array,
  type BlockOwner,
  Box,
  BumpArena,
  BumpArenaLazy,
  bytes,
  f64,
  FreeList,
  heap,
  KiB,
  ProxyAllocator,
  ScopedAllocator,
  struct,
  u32,
  u8,
  Vec,
} from '../../lib';
import { codeOf } from '../arena/support';
import { Point } from './support';

const STALE = 'ERR_OFFHEAP_STALE';
type Numbers = Vec<number, number, Float64Array>;

/** A full Vec with a neighbour behind it, which nothing that happens to the Vec may change. */
function makeFull(allocator: BlockOwner = new BumpArena(64 * KiB)): { vec: Numbers; guard: Buffer } {
  const vec = Vec.newIn(allocator, f64, 8)!;
  vec.extend([1, 2, 3, 4, 5, 6, 7, 8]);
  return { vec, guard: allocator.alloc(64)!.fill(0xee) };
}

const isWhole = (guard: Buffer): boolean => guard.every((byte) => byte === 0xee);

describe('Vec.extend takes', () => {
  it('the Vec itself, which doubles it', () => {
    for (const allocator of [heap, new BumpArena(64 * KiB), new ScopedAllocator(heap, 64 * KiB)]) {
      const { vec, guard } = makeFull(allocator);
      expect(vec.extend(vec)).toBe(8);
      expect([...vec]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
      expect(isWhole(guard)).toBe(true);
      const records = Vec.newIn(allocator, Point)!;
      records.extend([{ x: 1 }, { x: 2 }]);
      for (let time = 0; time < 4; time++) {
        records.extend(records);
      }
      expect([...records].map(({ x }) => x)).toEqual(Array.from({ length: 32 }, (_, i) => 1 + (i % 2)));
    }
  });

  it('its own elements, whether it moves meanwhile or not', () => {
    for (const allocator of [heap, new BumpArena(64 * KiB), new BumpArenaLazy(64 * KiB)]) {
      const { vec, guard } = makeFull(allocator);
      expect(vec.extend(vec.elements.subarray(2, 5))).toBe(8);
      expect([vec.extend(vec.elements), vec.length]).toEqual([11, 22]);
      expect([...vec].slice(0, 11)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 3, 4, 5]);
      expect([...vec].slice(11)).toEqual([...vec].slice(0, 11));
      expect(isWhole(guard)).toBe(true);
    }
    const last = Vec.newIn(new BumpArena(1 * KiB), f64)!;
    last.extend([1, 2, 3]);
    last.extend(last.elements); // grows in place
    expect([...last]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('elements that an iterator makes while it pushes to the same Vec, behind those', () => {
    const { vec } = makeFull();
    const source = {
      *[Symbol.iterator]() {
        for (let i = 0; i < 20; i++) {
          expect(vec.push(100 + i)).toBe(8 + i);
          yield i;
        }
      },
    };
    expect(vec.extend(source)).toBe(28);
    expect([...vec].slice(8)).toEqual([
      ...Array.from({ length: 20 }, (_, i) => 100 + i),
      ...Array.from({ length: 20 }, (_, i) => i),
    ]);
  });

  it('none where the iterator throws, or yields something that does not fit', () => {
    const { vec } = makeFull();
    const source = function* (bad: () => number): Generator<number> {
      yield 1;
      yield bad();
    };
    expect(codeOf(() => vec.extend(source(() => '2' as never)))).toBe('ERR_INVALID_ARG_TYPE');
    expect(() =>
      vec.extend(
        source(() => {
          throw new RangeError('from the iterator');
        }),
      ),
    ).toThrow('from the iterator');
    expect([...vec]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('nothing where an iterator frees it or starts its arena over', () => {
    const ways: ((vec: Numbers, arena: BumpArena) => void)[] = [
      (vec) => {
        vec.free();
      },
      (_vec, arena) => {
        arena.reset();
      },
      (_vec, arena) => {
        arena.resetUnsafe();
        arena.alloc(1000)!.fill(0xee);
      },
      (_vec, arena) => {
        arena.dispose();
      },
    ];
    for (const way of ways) {
      const arena = new BumpArena(64 * KiB);
      const { vec } = makeFull(arena);
      const source = {
        *[Symbol.iterator]() {
          way(vec, arena);
          yield 1;
        },
      };
      expect(codeOf(() => vec.extend(source))).toBe(STALE);
      expect(codeOf(() => vec.length)).toBe(STALE);
    }
  });

  it('what a typed array has, whatever it says', () => {
    const arena = new BumpArena(64 * KiB);
    for (const lengths of [[20], [1, 20], [0, 3], [3, 0], [2 ** 40], [-1], [0.5]]) {
      const { vec, guard } = makeFull(arena);
      let reads = 0;
      class Liar extends Float64Array {
        override get length(): number {
          return lengths[Math.min(reads++, lengths.length - 1)]!;
        }
      }
      const liar = new Liar([100, 200]);
      try {
        vec.extend(liar);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
      expect(vec.length).toBeLessThanOrEqual(vec.capacity);
      const tail = [...vec].slice(8);
      expect([[...vec].slice(0, 8), tail]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], [100, 200].slice(0, tail.length)]);
      expect(isWhole(guard)).toBe(true);
    }
  });

  it('no more than there is room for of an array that grows while the Vec does', () => {
    const memory = new ArrayBuffer(8, { maxByteLength: 8192 });
    const growing = new Float64Array(memory).fill(1);
    const arena = new BumpArena(64 * KiB);
    // A logger is code of the user's as well.
    const grow = (): void => {
      memory.resize(8192);
      arena.alloc(64)!.fill(0xee);
    };
    const vec = Vec.newIn(new ProxyAllocator(arena, { alloc: grow, realloc: grow }), f64)!;
    const { used } = arena;
    try {
      vec.extend(growing);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
    expect(vec.length).toBeLessThanOrEqual(vec.capacity);
    const guard = Buffer.from(arena.buffer, used + 64, 64);
    expect(isWhole(guard)).toBe(true);
  });
});

describe('Vec.push', () => {
  it('reads its init object before it looks for room, so that getters may use the Vec', () => {
    const arena = new BumpArena(64 * KiB);
    const vec = Vec.newIn(arena, Point)!;
    const nested = (depth: number): object => ({
      get x() {
        return depth === 0 ? 0 : vec.push(nested(depth - 1)) + 1;
      },
      y: depth,
    });
    expect(vec.push(nested(40))).toBe(40);
    expect([...vec].map(({ x, y }) => [x, y])).toEqual(Array.from({ length: 41 }, (_, i) => [i, i]));
  });

  it('is refused where a getter frees the Vec or starts its arena over, and writes nothing', () => {
    const Nested = struct({ id: u32, at: Point, list: array(u32, 2) });
    for (const way of ['free', 'reset', 'resetUnsafe', 'dispose'] as const) {
      for (const field of ['id', 'at', 'list', 'x'] as const) {
        const arena = new BumpArena(8 * KiB);
        const vec = Vec.newIn(arena, Nested)!;
        vec.push({ id: 1 });
        const end = (): void => {
          if (way === 'free') {
            vec.free();
          } else {
            arena[way]();
          }
        };
        const init = { id: 5, at: { x: 1, y: 2 }, list: [1, 2] };
        const holder = field === 'x' ? init.at : init;
        const value = (holder as Record<string, unknown>)[field];
        Object.defineProperty(holder, field, {
          get() {
            end();
            return value;
          },
        });
        expect(codeOf(() => vec.push(init))).toBe(STALE);
        if (way !== 'dispose') {
          expect(arena.allocZeroed(100)!.every((byte) => byte === 0)).toBe(true);
        }
      }
    }
  });

  it('keeps its length where a getter changes it and another one throws', () => {
    const vec = Vec.newIn(heap, Point)!;
    vec.extend([{ x: 1 }, { x: 2 }]);
    const init = {
      get x() {
        vec.pop();
        return 9;
      },
      get y(): number {
        throw Object.assign(new Error('y'), { code: 'Y' });
      },
    };
    expect(codeOf(() => vec.push(init))).toBe('Y');
    expect([...vec].map(({ x }) => x)).toEqual([1]);
  });

  it('takes its own elements, though they move', () => {
    for (const allocator of [heap, new BumpArena(8 * KiB), new BumpArenaLazy(8 * KiB)]) {
      const vec = Vec.newIn(allocator, struct({ at: Point, hash: bytes(8) }))!;
      vec.push({ at: { x: 3 }, hash: Buffer.from('12345678') });
      for (let i = 0; i < 30; i++) {
        allocator.alloc(8);
        vec.push(vec.at(i));
      }
      expect([...vec].map(({ at, hash }) => `${at.x} ${String(hash)}`)).toEqual(Array(31).fill('3 12345678'));
    }
  });

  it('refuses an array whose values start the arena over, too', () => {
    const arena = new BumpArena(8 * KiB);
    const vec = Vec.newIn(arena, array(u8, 4))!;
    vec.push([1]);
    const values = {
      *[Symbol.iterator]() {
        yield 1;
        arena.reset();
        yield 2;
      },
    };
    expect(codeOf(() => vec.push(values))).toBe(STALE);
    expect(
      codeOf(() => {
        vec.set(0, [1]);
      }),
    ).toBe(STALE);
  });
});

describe('Vec.set and box.value', () => {
  it('are refused where a getter ends what they write to', () => {
    const arena = new BumpArena(8 * KiB);
    const init = (end: () => void): object => ({
      get x() {
        end();
        return 1;
      },
    });
    const vec = Vec.newIn(arena, Point)!;
    const box = Box.newIn(arena, Point)!;
    vec.extend([{ x: 5 }, { x: 6 }]);
    const pop = (): void => void vec.pop();
    expect(
      codeOf(() => {
        vec.set(1, init(pop));
      }),
    ).toBe('ERR_OUT_OF_RANGE');
    expect(vec.at(0).x).toBe(5);
    const freed = Box.newIn(arena, Point)!;
    expect(
      codeOf(
        () =>
          (freed.value = init(() => {
            freed.free();
          })),
      ),
    ).toBe(STALE);
    expect(
      codeOf(
        () =>
          (box.value = init(() => {
            arena.reset();
          })),
      ),
    ).toBe(STALE);
    expect(
      codeOf(() => {
        vec.set(0, init(pop));
      }),
    ).toBe(STALE);
    const later = new FreeList(heap, { blockSize: 64, count: 1 });
    expect(
      codeOf(() =>
        Box.newIn(
          later,
          Point,
          init(() => {
            later.dispose();
          }),
        ),
      ),
    ).toBe('ERR_OFFHEAP_DISPOSED');
  });
});

describe('A logger that is told of what a Vec allocates', () => {
  it('may start the arena over, which the Vec finds out', () => {
    for (const hook of ['alloc', 'realloc'] as const) {
      const arena = new BumpArena(8 * KiB);
      let armed = hook === 'alloc';
      const end = (): void => {
        if (armed) {
          arena.reset();
        }
      };
      const vec = Vec.newIn(new ProxyAllocator(arena, { [hook]: end }), f64)!;
      if (hook === 'realloc') {
        vec.extend([1, 2, 3, 4, 5, 6, 7, 8]);
        armed = true;
      }
      expect(() => vec.push(9)).toThrow(); // perhaps since the block is none any more
      const guard = arena.alloc(64)!.fill(0xee);
      expect(codeOf(() => vec.at(0))).toMatch(/^ERR_(OFFHEAP_STALE|OUT_OF_RANGE)$/);
      expect(isWhole(guard)).toBe(true);
    }
  });

  it('may push to the same Vec or be refused, and nothing gets in between', () => {
    for (const [hook, count] of [
      ['alloc', 0],
      ['realloc', 8],
    ] as const) {
      const arena = new BumpArena(64 * KiB);
      let armed = false;
      let inner = -1;
      const push = (): void => {
        if (armed) {
          armed = false;
          codeOf(() => (inner = vec.push(100)));
        }
      };
      const vec: Numbers = Vec.newIn(new ProxyAllocator(arena, { [hook]: push }), f64)!;
      vec.extend([1, 2, 3, 4, 5, 6, 7, 8].slice(0, count));
      arena.alloc(8);
      const before = [...vec];
      armed = true;
      const index = vec.push(9);
      const after = inner < 0 ? [9] : [9, 100];
      expect([...vec].slice(count).sort((a, b) => a - b)).toEqual(after);
      expect([[...vec].slice(0, count), vec.at(index)]).toEqual([before, 9]);
    }
  });
});
