import { ARENAS, codeOf, isZero } from './support';

describe.each(ARENAS)('%s, given a block back,', (_name, Arena) => {
  it('takes the last one back, and leaves an earlier one', () => {
    using arena = new Arena(1024);
    const first = arena.alloc(100, 1)!;
    const last = arena.alloc(50, 1)!;
    arena.free(first);
    expect(arena.used).toBe(150);
    arena.free(last);
    expect(arena.used).toBe(100);
    arena.free(first);
    expect(arena.used).toBe(0);
  });

  it('takes typed arrays and subarrays for the memory that they are', () => {
    using arena = new Arena(1024);
    const floats = arena.allocArray(Float64Array, 4)!;
    arena.free(floats.subarray(2));
    expect(arena.used).toBe(16);
    expect(arena.owns(floats.subarray(0, 2))).toBe(true);
    expect(arena.owns(floats)).toBe(false);
  });

  it('grows the last block in place', () => {
    using arena = new Arena(1024);
    arena.alloc(10, 1);
    const block = arena.alloc(20, 1)!.fill(1);
    const grown = arena.realloc(block, 1014)!;
    expect(grown.byteOffset).toBe(10);
    expect(grown).toHaveLength(1014);
    expect(arena.remaining).toBe(0);
    expect(grown.subarray(0, 20).every((byte) => byte === 1)).toBe(true);
  });

  it('shrinks the last block in place, down to nothing', () => {
    using arena = new Arena(1024);
    const block = arena.alloc(100, 1)!.fill(3);
    const shrunk = arena.realloc(block, 40)!;
    expect(shrunk).toHaveLength(40);
    expect(shrunk.byteOffset).toBe(0);
    expect(arena.used).toBe(40);
    expect(arena.realloc(shrunk, 0)).toHaveLength(0);
    expect(arena.used).toBe(0);
  });

  it('moves an earlier block and copies it', () => {
    using arena = new Arena(1024);
    const block = arena.alloc(10, 1)!.fill(5);
    arena.alloc(1, 1)!.fill(9);
    const moved = arena.realloc(block, 30)!;
    expect(moved.byteOffset).toBe(16);
    expect(moved).toHaveLength(30);
    expect(moved.subarray(0, 10).every((byte) => byte === 5)).toBe(true);
    expect(isZero(moved.subarray(10))).toBe(true);
    expect(arena.realloc(arena.alloc(3, 1)!, 3)).toHaveLength(3);
    arena.alloc(1);
    expect(arena.realloc(moved, 31, 256)!.byteOffset).toBe(256);
  });

  it('shrinks an earlier block where it is', () => {
    using arena = new Arena(1024);
    const block = arena.alloc(10, 1)!.fill(5);
    arena.alloc(10, 1);
    const shrunk = arena.realloc(block, 4)!;
    expect(shrunk.byteOffset).toBe(0);
    expect(shrunk).toHaveLength(4);
    expect(arena.used).toBe(20);
  });

  it('answers null where a block would not fit, and leaves it alone', () => {
    using arena = new Arena(100);
    const first = arena.alloc(40, 1)!.fill(1);
    const last = arena.alloc(40, 1)!.fill(2);
    expect(arena.realloc(last, 61)).toBeNull();
    expect(arena.realloc(first, 41)).toBeNull();
    expect(arena.realloc(last, Number.MAX_SAFE_INTEGER)).toBeNull();
    expect(arena.used).toBe(80);
    expect(arena.owns(first) && arena.owns(last)).toBe(true);
    expect(first.every((byte) => byte === 1) && last.every((byte) => byte === 2)).toBe(true);
    expect(arena.realloc(last, 60)).toHaveLength(60);
  });

  it('makes a block of an empty one', () => {
    using arena = new Arena(1024);
    const empty = arena.alloc(0)!;
    arena.alloc(3);
    arena.free(empty);
    expect(arena.used).toBe(3);
    expect(arena.realloc(empty, 10)!.byteOffset).toBe(8);
  });

  it('refuses what it does not own', () => {
    using arena = new Arena(1024);
    using other = new Arena(1024);
    const block = arena.alloc(10)!;
    for (const foreign of [Buffer.alloc(10), other.alloc(10)!, new Uint8Array(5)]) {
      expect(arena.owns(foreign)).toBe(false);
      expect(
        codeOf(() => {
          arena.free(foreign);
        }),
      ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(codeOf(() => arena.realloc(foreign, 20))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    }
    expect(arena.used).toBe(10);
    arena.free(block);
    expect(
      codeOf(() => {
        arena.free(block);
      }),
    ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    expect(codeOf(() => arena.realloc(block, 1))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
  });

  it.each(['reset', 'renew', 'resetUnsafe'] as const)('refuses a block from before %s', (way) => {
    using arena = new Arena(1024);
    const block = arena.alloc(10)!;
    arena[way]();
    expect(arena.owns(block)).toBe(false);
    expect(
      codeOf(() => {
        arena.free(block);
      }),
    ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
  });

  it('owns to the last byte and not beyond', () => {
    using arena = new Arena(64);
    const block = arena.alloc(32)!;
    expect(arena.owns(block)).toBe(true);
    expect(arena.owns(Buffer.from(arena.buffer, 0, 32))).toBe(true);
    expect(arena.owns(Buffer.from(arena.buffer, 1, 32))).toBe(false);
    expect(arena.owns(new DataView(arena.buffer, 31, 1))).toBe(true);
  });
});
