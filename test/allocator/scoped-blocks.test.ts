import {
  array,
  Box,
  BumpArena,
  heap,
  KiB,
  NullAllocator,
  type Scope,
  ScopedAllocator,
  struct,
  u64,
  u8,
} from '../../lib';
import { codeOf, TestSource } from './support';

/** What holds for the outermost scope holds for an inner one. */
const PLACES: [title: string, use: (size: number, fn: (scope: Scope) => void) => void][] = [
  [
    'ScopedAllocator',
    (size, fn) => {
      using scoped = new ScopedAllocator(heap, size);
      fn(scoped);
    },
  ],
  [
    'A scope in another one, at an odd offset,',
    (size, fn) => {
      using scoped = new ScopedAllocator(heap, size + 3);
      scoped.alloc(3);
      scoped.scope(fn);
    },
  ],
];

describe.each(PLACES)('%s', (_title, use) => {
  it('takes back its last block, and only that makes room', () => {
    use(1000, (scope) => {
      const first = scope.alloc(16, 1)!;
      const last = scope.alloc(16, 1)!;
      scope.free(first);
      expect(scope.used).toBe(32);
      scope.free(last);
      expect(scope.used).toBe(16);
      expect(scope.alloc(8, 1)!.byteOffset).toBe(last.byteOffset);
    });
  });

  it('grows and shrinks its last block in place', () => {
    use(1000, (scope) => {
      scope.alloc(16);
      const block = scope.alloc(16)!.fill(7);
      const { used } = scope;
      const longer = scope.realloc(block, 100)!;
      expect([longer.byteOffset, longer.length, scope.used]).toEqual([block.byteOffset, 100, used + 84]);
      expect([...longer.subarray(0, 16)]).toEqual(Array(16).fill(7));
      const shorter = scope.realloc(longer, 5)!;
      expect([shorter.byteOffset, shorter.length, scope.used]).toEqual([block.byteOffset, 5, used - 11]);
      expect([...shorter]).toEqual(Array(5).fill(7));
    });
  });

  it('grows the last block in place to the very end, and not beyond', () => {
    use(100, (scope) => {
      const block = scope.alloc(16, 1)!.fill(7);
      expect([scope.realloc(block, 101), scope.realloc(block, 2 ** 50), scope.used]).toEqual([null, null, 16]);
      const all = scope.realloc(block, 100)!;
      expect([all.length, all.byteOffset, scope.remaining, all[15]]).toEqual([100, block.byteOffset, 0, 7]);
      expect([scope.realloc(all, 101), scope.alloc(1, 1), scope.owns(all)]).toEqual([null, null, true]);
    });
  });

  it('shrinks an earlier block where it is, and moves it to grow', () => {
    use(100, (scope) => {
      const block = scope.alloc(16)!.fill(7);
      scope.alloc(16);
      const { used } = scope;
      const shorter = scope.realloc(block, 8)!;
      expect([shorter.byteOffset, shorter.length, scope.used]).toEqual([block.byteOffset, 8, used]);
      const moved = scope.realloc(shorter, 20, 32)!;
      expect([moved.length, moved.byteOffset % 32, moved.byteOffset > used - 16]).toEqual([20, 0, true]);
      expect([...moved.subarray(0, 8)]).toEqual(Array(8).fill(7));
      expect(scope.realloc(shorter, 90)).toBeNull();
      expect([...shorter]).toEqual(Array(8).fill(7));
    });
  });

  it('makes a block empty, and keeps nothing of the last one', () => {
    use(100, (scope) => {
      const block = scope.alloc(16, 1)!;
      const empty = scope.realloc(block, 0)!;
      expect([empty.length, scope.used]).toEqual([0, 0]);
      expect(scope.realloc(empty, 100, 1)).toHaveLength(100);
    });
  });

  it('fits exactly, by blocks and by records', () => {
    const Pair = struct({ a: u64, b: u64 });
    use(104, (scope) => {
      const start = scope.alloc(0, 8)!.byteOffset;
      const records = Array.from({ length: 6 }, () => scope.place(Pair)!);
      expect(records.every((record) => record.a === 0n)).toBe(true);
      expect(scope.alloc(0, 8)!.byteOffset).toBe(start + 96);
      expect(scope.alloc(scope.remaining, 1)!.length).toBeGreaterThan(0);
      expect([scope.remaining, scope.place(Pair)]).toEqual([0, null]);
    });
  });

  it('knows its empty blocks, wherever they lie', () => {
    use(100, (scope) => {
      for (const align of [1, 8, 64]) {
        const { used } = scope;
        const empty = scope.alloc(0, align)!;
        expect([empty.length, empty.byteOffset % align, scope.used]).toEqual([0, 0, used]);
        expect([scope.owns(empty), codeOf(() => scope.lifetimeOf(empty))]).toEqual([true, undefined]);
        expect(scope.realloc(empty, 0)).toHaveLength(0);
        scope.free(empty);
        scope.alloc(9, 1);
      }
    });
  });

  it('aligns an empty block when all is used up, or answers null', () => {
    use(10, (scope) => {
      scope.alloc(10, 1);
      for (const align of [1, 8, 64]) {
        const empty = scope.alloc(0, align);
        expect([empty?.length ?? 0, (empty?.byteOffset ?? 0) % align]).toEqual([0, 0]);
        if (empty !== null) {
          scope.free(empty);
        }
      }
      expect(codeOf(() => Box.newIn(scope, array(u64, 0)))).toBeUndefined();
    });
  });

  it('puts a Box of nothing after an odd block', () => {
    use(100, (scope) => {
      scope.alloc(9, 1);
      const box = Box.newIn(scope, array(u64, 0))!;
      expect(box.value).toHaveLength(0);
      box.free();
    });
  });

  it('neither frees nor moves what a record lies in', () => {
    const Byte = struct({ value: u8 });
    use(100, (scope) => {
      const block = scope.alloc(8, 1)!;
      const record = scope.place(Byte, { value: 5 })!;
      const { used } = scope;
      const view = Buffer.from(block.buffer, block.byteOffset, 9);
      expect(
        codeOf(() => {
          scope.free(view);
        }),
      ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(codeOf(() => scope.realloc(view, 8))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(
        codeOf(() => {
          scope.free(Buffer.from(block.buffer, used - 1 + block.byteOffset, 1));
        }),
      ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      scope.free(block);
      expect([scope.used, record.value]).toEqual([used, 5]);
      scope.free(scope.alloc(5, 1)!);
      expect([scope.used, record.value]).toEqual([used, 5]);
    });
  });

  it('aligns to what is asked for', () => {
    use(4096, (scope) => {
      for (const align of [1, 2, 4, 8, 16, 64, 512]) {
        scope.alloc(1, 1);
        expect(scope.alloc(3, align)!.byteOffset % align).toBe(0);
      }
      expect(scope.alloc(1)!.byteOffset % 8).toBe(0);
      expect(scope.alloc(1, 2 ** 30)).toBeNull();
    });
  });
});

describe('ScopedAllocator', () => {
  it('of no bytes at all has room for empty blocks', () => {
    using scoped = new ScopedAllocator(heap, 0);
    const empty = scoped.alloc(0)!;
    expect([empty.length, scoped.owns(empty), scoped.alloc(1), scoped.capacity]).toEqual([0, true, null, 0]);
    scoped.free(empty);
    expect(scoped.scope((inner) => inner.alloc(0))).toHaveLength(0);
  });

  it('uses no more of a longer block than it asked for', () => {
    using arena = new BumpArena(4 * KiB);
    arena.alloc(40, 8);
    const source = Object.assign(new TestSource(), {
      alloc: () => arena.alloc(500),
      free: (block: Buffer) => {
        arena.free(block);
      },
    });
    using scoped = new ScopedAllocator(source, 100);
    expect([scoped.capacity, scoped.alloc(100)!.byteOffset, scoped.alloc(1, 1)]).toEqual([100, 40, null]);
  });

  it('leaves null to be the answer of a source that is always full', () => {
    expect(codeOf(() => new ScopedAllocator(new NullAllocator(), 0))).toBe('ERR_OFFHEAP_FULL');
  });
});
