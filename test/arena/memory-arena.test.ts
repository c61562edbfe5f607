import { inspect } from 'node:util';

import { type ArenaAllocator, f64, heap, KiB, MemoryArena, MiB, ProxyAllocator, struct, TypedArena } from '../../lib';
import { codeOf } from './support';

const Point = struct({ x: f64, y: f64 });

describe('A MemoryArena', () => {
  it('grows by blocks of 8 MiB unless it is told otherwise', () => {
    using arena = new MemoryArena();
    expect([arena.blockSize, arena.committed, arena.resident, arena.inUse]).toEqual([8 * MiB, 0, 0, false]);
    using allocator = arena.allocator();
    allocator.alloc(1);
    expect(arena.committed).toBe(8 * MiB);
    expect(arena.resident).toBeLessThan(8 * MiB);
  });

  it('takes the size of its blocks from the constructor', () => {
    for (const size of [4096, 64 * KiB, 100_000, 3 * MiB]) {
      using arena = new MemoryArena(size);
      using allocator = arena.allocator();
      expect(arena.blockSize).toBe(size);
      expect(allocator.alloc(size, 1)!.fill(1)).toHaveLength(size);
      expect(arena.committed).toBeGreaterThanOrEqual(size);
      expect(arena.committed).toBeLessThanOrEqual(Math.ceil(size / (64 * KiB)) * 64 * KiB + size);
    }
  });

  it('refuses blocks of less than a page, and says how to give a number of MiB', () => {
    for (const size of [0, 8, 1024, 4095]) {
      expect(codeOf(() => new MemoryArena(size))).toBe('ERR_OUT_OF_RANGE');
    }
    expect(() => new MemoryArena(16)).toThrow(/a number of bytes >= 4096, such as \d+ \* MiB\. Received 16$/);
    expect(() => new MemoryArena(0)).toThrow(/ \* MiB\. Received 0$/);
    for (const size of [-1, 4096.5, NaN, Infinity, 2 ** 53]) {
      expect(codeOf(() => new MemoryArena(size))).toBe('ERR_OUT_OF_RANGE');
    }
    for (const size of ['8', null, {}, 8n]) {
      expect(codeOf(() => new MemoryArena(size as number))).toBe('ERR_INVALID_ARG_TYPE');
    }
    // What is too much depends on the runtime; no system has so many addresses.
    expect(codeOf(() => new MemoryArena(2 ** 52))).toMatch(/^ERR_OFFHEAP_(TOO_LARGE|OS)$/);
  });

  it('has one allocator at a time', () => {
    using arena = new MemoryArena(64 * KiB);
    const first = arena.allocator();
    expect(arena.inUse).toBe(true);
    expect(codeOf(() => arena.allocator())).toBe('ERR_OFFHEAP_EXCLUSIVE');
    expect(codeOf(() => arena.scope(() => 1))).toBe('ERR_OFFHEAP_EXCLUSIVE');
    expect(first.alloc(10)).toHaveLength(10);
    first.dispose();
    expect(arena.inUse).toBe(false);
    const second = arena.allocator();
    first.dispose(); // it is nobody's any more
    expect(arena.inUse).toBe(true);
    expect(codeOf(() => arena.allocator())).toBe('ERR_OFFHEAP_EXCLUSIVE');
    second.dispose();
  });

  it('hands out the same memory again after its allocator was disposed of, and gives none back', () => {
    using arena = new MemoryArena(64 * KiB);
    const sizes = [100, 70 * KiB, 1, 300 * KiB, 5000];
    const round = (value: number): [ArrayBufferLike, number][] => {
      using allocator = arena.allocator();
      expect(allocator.used).toBe(0);
      const blocks = sizes.map((size) => allocator.alloc(size)!.fill(value));
      return blocks.map(({ buffer, byteOffset }) => [buffer, byteOffset]);
    };
    const first = round(1);
    const { committed, resident } = arena;
    expect(resident).toBeGreaterThan(370 * KiB);
    const second = round(2);
    expect(second.map(([, offset]) => offset)).toEqual(first.map(([, offset]) => offset));
    expect(new Uint8Array(first[0]![0])[0]).toBe(2);
    expect(new Set(round(3).map(([buffer]) => buffer)).size).toBe(1);
    expect([arena.committed, arena.resident]).toEqual([committed, resident]);
  });

  it('is given back by dispose, more than once, and refuses everything then', () => {
    const arena = new MemoryArena(64 * KiB);
    const allocator = arena.allocator();
    const block = allocator.alloc(100)!.fill(1);
    arena.dispose();
    arena.dispose();
    arena[Symbol.dispose]();
    for (const use of [
      () => arena.allocator(),
      () => arena.scope(() => 1),
      () => arena.committed,
      () => arena.resident,
      () => {
        arena.trim();
      },
      () => allocator.alloc(1),
      () => allocator.used,
    ]) {
      expect(codeOf(use)).toBe('ERR_OFFHEAP_DISPOSED');
    }
    expect([arena.blockSize, arena.inUse, inspect(arena)]).toEqual([64 * KiB, false, 'MemoryArena { disposed }']);
    expect(block.every((byte) => byte === 0)).toBe(true);
    block.fill(3); // nobody else's
    allocator.dispose();
    expect(() => allocator.alloc(1)).toThrow('The MemoryArena has been disposed of');
  });

  it('ends records and the allocator when it is disposed of under them', () => {
    let kept!: { x: number };
    let allocator!: ArenaAllocator;
    {
      using arena = new MemoryArena(4 * KiB);
      using inner = arena.allocator();
      allocator = inner;
      kept = allocator.place(Point, { x: 1 })!;
      arena.dispose();
    }
    expect(codeOf(() => kept.x)).toBe('ERR_OFFHEAP_STALE');
    expect(codeOf(() => allocator.place(Point))).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('shows itself', () => {
    using arena = new MemoryArena(64 * KiB);
    expect(inspect(arena)).toMatch(/^MemoryArena \{ blockSize: 64 KiB, committed: 0 B, resident: 0 B \}$/);
    const allocator = arena.allocator();
    allocator.alloc(24);
    expect(inspect(arena)).toMatch(/committed: 64 KiB, resident: .*, in use \}$/);
    expect(inspect(allocator)).toBe('ArenaAllocator { used: 24 B }');
    allocator.dispose();
    expect(inspect(allocator)).toBe('ArenaAllocator { disposed }');
  });
});

describe('An ArenaAllocator', () => {
  it('is disposed of at the end of a `using`, whether that is reached or left by an error', () => {
    using arena = new MemoryArena(64 * KiB);
    let kept!: ArenaAllocator;
    const use = (fails: boolean): void => {
      using allocator = arena.allocator();
      kept = allocator;
      allocator.alloc(1000);
      if (fails) {
        throw new RangeError('inside');
      }
    };
    for (const fails of [false, true]) {
      expect(
        codeOf(() => {
          use(fails);
        }),
      ).toBeUndefined();
      expect([arena.inUse, codeOf(() => kept.used)]).toEqual([false, 'ERR_OFFHEAP_DISPOSED']);
    }
  });

  it('kept beyond its end refuses everything, whoever has the arena then', () => {
    using arena = new MemoryArena(64 * KiB);
    const old = arena.allocator();
    const block = old.alloc(100)!;
    old.dispose();
    old[Symbol.dispose]();
    for (const again of [false, true]) {
      const next = again ? arena.allocator() : null;
      const mine = next?.alloc(100)!.fill(7) ?? block;
      const uses: Record<Exclude<keyof ArenaAllocator & string, 'dispose'>, () => unknown> = {
        alloc: () => old.alloc(1),
        allocZeroed: () => old.allocZeroed(1),
        allocArray: () => old.allocArray(Uint8Array, 1),
        place: () => old.place(Point),
        realloc: () => old.realloc(mine, 200),
        free: () => {
          old.free(mine);
        },
        owns: () => old.owns(mine),
        lifetimeOf: () => old.lifetimeOf(mine),
        used: () => old.used,
      };
      for (const [name, use] of Object.entries(uses)) {
        expect([name, codeOf(use)]).toEqual([name, 'ERR_OFFHEAP_DISPOSED']);
      }
      expect(() => old.alloc(1)).toThrow('The ArenaAllocator has been disposed of');
      old.dispose();
      expect(next?.used).toBe(again ? 100 : undefined);
    }
  });

  it('comes from an arena alone', () => {
    using arena = new MemoryArena(64 * KiB);
    using allocator = arena.allocator();
    const Class = allocator.constructor as new (memory?: object) => ArenaAllocator;
    expect(codeOf(() => new Class())).toBe('ERR_ILLEGAL_CONSTRUCTOR');
    expect(codeOf(() => new Class({}))).toBe('ERR_ILLEGAL_CONSTRUCTOR');
  });

  it('refuses wrong arguments', () => {
    using arena = new MemoryArena(4 * KiB);
    using allocator = arena.allocator();
    const wrong: [() => unknown, string][] = [
      [() => allocator.alloc(-1), 'ERR_OUT_OF_RANGE'],
      [() => allocator.alloc('1' as never), 'ERR_INVALID_ARG_TYPE'],
      [() => allocator.alloc(NaN), 'ERR_OUT_OF_RANGE'],
      [() => allocator.alloc(1, 3), 'ERR_OUT_OF_RANGE'],
      [() => allocator.alloc(1, '8' as never), 'ERR_INVALID_ARG_TYPE'],
      [() => allocator.allocZeroed(0.5), 'ERR_OUT_OF_RANGE'],
      [() => allocator.allocArray(Array as never, 1), 'ERR_INVALID_ARG_TYPE'],
      [() => allocator.allocArray(Uint8Array, -1), 'ERR_OUT_OF_RANGE'],
      [() => allocator.place({} as never), 'ERR_INVALID_ARG_TYPE'],
      [() => allocator.place(Point, null as never), 'ERR_INVALID_ARG_TYPE'],
      [() => allocator.place(Point, { x: '1' as never }), 'ERR_INVALID_ARG_TYPE'],
      [() => allocator.owns({} as never), 'ERR_INVALID_ARG_TYPE'],
      [() => allocator.realloc(null as never, 1), 'ERR_INVALID_ARG_TYPE'],
      [() => allocator.realloc(heap.alloc(8)!, 1), 'ERR_OFFHEAP_FOREIGN_BLOCK'],
      [
        () => {
          allocator.free(heap.alloc(8)!);
        },
        'ERR_OFFHEAP_FOREIGN_BLOCK',
      ],
      [() => allocator.lifetimeOf(Buffer.alloc(8)), 'ERR_OFFHEAP_FOREIGN_BLOCK'],
    ];
    for (const [use, code] of wrong) {
      expect([String(use), codeOf(use)]).toEqual([String(use), code]);
    }
    expect([allocator.used, arena.committed]).toEqual([0, 0]);
  });

  it('answers null for what no memory has, and changes nothing', () => {
    using arena = new MemoryArena(4 * KiB);
    using allocator = arena.allocator();
    const before = allocator.alloc(100)!.fill(1);
    const { committed } = arena;
    expect(allocator.alloc(Number.MAX_SAFE_INTEGER)).toBeNull();
    expect(allocator.allocZeroed(2 ** 52)).toBeNull();
    expect(allocator.allocArray(Float64Array, Number.MAX_SAFE_INTEGER)).toBeNull();
    expect(allocator.realloc(before, 2 ** 52)).toBeNull();
    expect([allocator.used, arena.committed, before.every((byte) => byte === 1)]).toEqual([100, committed, true]);
    expect(allocator.alloc(4, 1)!.byteOffset).toBe(100);
  });

  it('is one that others can be built on', () => {
    using arena = new MemoryArena(4 * KiB);
    using allocator = arena.allocator();
    const log: number[] = [];
    const proxy = new ProxyAllocator(allocator, { alloc: (_block, size) => log.push(size) });
    const block = proxy.alloc(10)!;
    expect([proxy.owns(block), log]).toEqual([true, [10]]);
  });
});

describe('MemoryArena.scope', () => {
  it('answers what its function does, and makes all the space available again', () => {
    using arena = new MemoryArena(64 * KiB);
    const offsets = [1, 2, 3].map((value) =>
      arena.scope((allocator) => {
        expect(arena.inUse).toBe(true);
        allocator.alloc(100)!.fill(value);
        return allocator.alloc(1000)!.byteOffset;
      }),
    );
    expect([offsets, arena.inUse]).toEqual([[104, 104, 104], false]);
  });

  it('ends when its function throws', () => {
    using arena = new MemoryArena(64 * KiB);
    let kept!: ArenaAllocator;
    expect(() =>
      arena.scope((allocator) => {
        kept = allocator;
        throw new RangeError('inside');
      }),
    ).toThrow('inside');
    expect([arena.inUse, codeOf(() => kept.alloc(1))]).toEqual([false, 'ERR_OFFHEAP_DISPOSED']);
    expect(arena.scope((allocator) => allocator.used)).toBe(0);
  });

  it('refuses functions that answer a promise, async ones before they run', () => {
    using arena = new MemoryArena(64 * KiB);
    let ran = false;
    const asynchronous = async (): Promise<void> => {
      ran = true;
      await Promise.resolve();
    };
    expect(codeOf(() => arena.scope(asynchronous))).toBe('ERR_OFFHEAP_ASYNC_SCOPE');
    expect([ran, arena.inUse]).toEqual([false, false]);
    expect(codeOf(() => arena.scope(() => Promise.reject(new Error('unseen'))))).toBe('ERR_OFFHEAP_ASYNC_SCOPE');
    expect(arena.inUse).toBe(false);
    expect(codeOf(() => arena.scope(5 as never))).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('does no harm to an allocator that its function has made after ending its own', () => {
    using arena = new MemoryArena(64 * KiB);
    const next = arena.scope((allocator) => {
      allocator.dispose();
      const other = arena.allocator();
      other.alloc(10);
      return other;
    });
    expect([next.used, arena.inUse]).toEqual([10, true]);
    next.dispose();
  });

  it('is over when its function has disposed of the arena', () => {
    const arena = new MemoryArena(64 * KiB);
    expect(
      arena.scope((allocator) => {
        allocator.alloc(10);
        arena.dispose();
        return codeOf(() => allocator.alloc(10));
      }),
    ).toBe('ERR_OFFHEAP_DISPOSED');
    expect(codeOf(() => arena.allocator())).toBe('ERR_OFFHEAP_DISPOSED');
  });
});

it('A MemoryArena that was posted is an error where the runtime can tell', () => {
  using arena = new MemoryArena(64 * KiB);
  using records = new TypedArena(Point, 1);
  // What holds for the other arenas holds for this one.
  const nameOf = (value: object): string | undefined => {
    try {
      structuredClone(value);
    } catch (error) {
      return (error as Error).name;
    }
    return undefined;
  };
  expect(nameOf(arena)).toBe(nameOf(records));
});
