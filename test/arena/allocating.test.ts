import { type BumpArena, BumpArenaLazy, GiB, KiB, MiB, type TypedArrayConstructor } from '../../lib';
import { loadAddon } from '../../lib/native/load';
import { ARENAS, isZero } from './support';

const { pageSize } = loadAddon().system;

describe.each(ARENAS)('%s, allocating,', (_name, Arena) => {
  it('hands out Buffers of exactly the size asked for, one behind the other', () => {
    using arena = new Arena(1024);
    const first = arena.alloc(10)!;
    const second = arena.alloc(16)!;
    expect(Buffer.isBuffer(first)).toBe(true);
    expect(first).toHaveLength(10);
    expect(first.byteOffset).toBe(0);
    expect(second.byteOffset).toBe(16);
    expect(second.buffer).toBe(arena.buffer);
    expect(arena.used).toBe(32);
  });

  it('lets blocks be written without touching their neighbours', () => {
    using arena = new Arena(1024);
    const blocks = [1, 2, 3, 4].map((value) => arena.alloc(13, 1)!.fill(value));
    for (const [index, block] of blocks.entries()) {
      expect(block.every((byte) => byte === index + 1)).toBe(true);
    }
  });

  it.each([1, 2, 4, 8, 16, 32, 64, 128, 256, pageSize])('aligns blocks to %i', (align) => {
    using arena = new Arena(16 * pageSize);
    for (const size of [1, 3, 7, 100]) {
      expect(arena.alloc(size, align)!.byteOffset % align).toBe(0);
      expect(arena.allocOffset(1, align) % align).toBe(0);
      arena.alloc(1, 1);
    }
  });

  it('aligns to 8 unless told otherwise', () => {
    using arena = new Arena(64);
    arena.alloc(1);
    expect(arena.alloc(1)!.byteOffset).toBe(8);
    expect(arena.allocOffset(1)).toBe(16);
    expect(arena.allocZeroed(1)!.byteOffset).toBe(24);
  });

  it('can be filled to the last byte, and then has nothing left', () => {
    using arena = new Arena(100);
    expect(arena.alloc(64, 1)).toHaveLength(64);
    expect(arena.remaining).toBe(36);
    expect(arena.alloc(36, 1)).toHaveLength(36);
    expect(arena.remaining).toBe(0);
    expect(arena.used).toBe(100);
    expect(arena.alloc(1, 1)).toBeNull();
  });

  it('answers one byte too many with null or -1 and moves nothing', () => {
    using arena = new Arena(100);
    arena.alloc(50, 1);
    expect(arena.alloc(51, 1)).toBeNull();
    expect(arena.allocZeroed(51, 1)).toBeNull();
    expect(arena.allocOffset(51, 1)).toBe(-1);
    expect(arena.allocArray(Uint8Array, 51)).toBeNull();
    expect(arena.alloc(50, 64)).toBeNull(); // alignment alone takes it past the end
    expect(arena.used).toBe(50);
    expect(arena.highWaterMark).toBe(50);
    expect(arena.alloc(50, 1)).toHaveLength(50);
  });

  it('answers sizes up to the largest safe integer without overflow', () => {
    using arena = new Arena(4096);
    arena.alloc(1);
    for (const size of [2 ** 31, 2 ** 32, 2 ** 32 + 8, 2 ** 52, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER]) {
      expect(arena.alloc(size)).toBeNull();
      expect(arena.alloc(size, 1)).toBeNull();
      expect(arena.allocZeroed(size)).toBeNull();
      expect(arena.allocOffset(size)).toBe(-1);
      expect(arena.allocArray(Float64Array, size)).toBeNull();
    }
    expect(arena.used).toBe(1);
  });

  it('gives empty blocks for size 0, aligned, and never advances', () => {
    using arena = new Arena(128);
    expect(arena.alloc(0)).toHaveLength(0);
    arena.alloc(3, 1);
    expect(arena.alloc(0)).toHaveLength(0);
    expect(arena.allocZeroed(0)).toHaveLength(0);
    expect(arena.allocOffset(0, 64)).toBe(64);
    expect(arena.allocArray(Float64Array, 0)).toHaveLength(0);
    expect(arena.used).toBe(3);
    arena.alloc(125, 1);
    expect(arena.alloc(0)).toHaveLength(0);
    expect(arena.allocArray(BigInt64Array, 0)).toHaveLength(0);
    expect(arena.remaining).toBe(0);
  });

  it('works with a capacity of 0', () => {
    using arena = new Arena(0);
    expect(arena.capacity).toBe(0);
    expect(arena.remaining).toBe(0);
    expect(arena.alloc(0)).toHaveLength(0);
    expect(arena.alloc(1)).toBeNull();
    expect(arena.allocOffset(1)).toBe(-1);
    expect(arena.buffer.byteLength).toBe(0);
    expect(arena.views.u8).toHaveLength(0);
    arena.reset();
    arena.renew();
    arena.renew({ detach: true });
    arena.resetUnsafe();
    arena.trim();
    expect(arena.alloc(0)).toHaveLength(0);
  });

  it('makes typed arrays, aligned to their elements', () => {
    using arena = new Arena(4096);
    arena.alloc(1, 1);
    const floats = arena.allocArray(Float64Array, 10)!;
    expect(floats).toBeInstanceOf(Float64Array);
    expect(floats).toHaveLength(10);
    expect(floats.byteOffset).toBe(8);
    const bytes = arena.allocArray(Uint8Array, 3)!;
    expect(bytes.byteOffset).toBe(88);
    expect(arena.allocArray(Uint16Array, 1)!.byteOffset).toBe(92);
    const big = arena.allocArray(BigUint64Array, 2)!;
    big[1] = 2n ** 64n - 1n;
    floats.fill(Math.PI);
    expect(big[1]).toBe(2n ** 64n - 1n);
    expect(arena.views.f64[1]).toBe(Math.PI);
  });

  it('takes an exact fit of typed arrays', () => {
    using arena = new Arena(800);
    expect(arena.allocArray(Float64Array, 101)).toBeNull();
    expect(arena.allocArray(Float64Array, 100)).toHaveLength(100);
    expect(arena.remaining).toBe(0);
  });

  it('has an offset that is the index into its views', () => {
    using arena = new Arena(1 * MiB);
    const offset = arena.allocOffset(8 * 3);
    arena.views.f64.set([1.5, 2.5, 3.5], offset / 8);
    expect(new Float64Array(arena.buffer, offset, 3)).toEqual(new Float64Array([1.5, 2.5, 3.5]));
    expect(arena.views.u8[offset + 7]).toBe(0x3f);
    expect(arena.views.i64[offset / 8]).toBe(0x3ff8000000000000n);
  });

  it('has views where the capacity is no multiple of an element', () => {
    using arena = new Arena(13);
    arena.alloc(13, 1);
    expect(arena.views.u8).toHaveLength(13);
    expect(arena.views.f64).toHaveLength(1);
    expect(arena.views.u16).toHaveLength(6);
  });

  it('makes Buffers of bytes', () => {
    using arena = new Arena(100);
    const bytes = arena.allocArray(Buffer as unknown as TypedArrayConstructor<Buffer>, 10)!;
    expect(Buffer.isBuffer(bytes)).toBe(true);
    expect(bytes).toHaveLength(10);
  });

  it('has not advanced where making the view throws', () => {
    using arena = new Arena(100);
    arena.alloc(8);
    class Refusing extends Uint8Array {
      constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
        super(buffer, byteOffset, length);
        this.fill(9);
        throw new Error('no view');
      }
    }
    expect(() => arena.allocArray(Refusing, 32)).toThrow('no view');
    expect(arena.used).toBe(8);
    expect(arena.highWaterMark).toBe(8);
    expect(isZero(arena.allocZeroed(32)!)).toBe(true);
  });

  it('commits nothing for an empty block, however it is aligned', () => {
    using arena = new Arena(1 * MiB);
    arena.alloc(1);
    const { byteLength } = arena.buffer;
    expect(arena.alloc(0, 512 * KiB)).toHaveLength(0);
    expect(arena.buffer.byteLength).toBe(byteLength);
    expect(arena.used).toBe(1);
  });

  it('remembers the highest use', () => {
    using arena = new Arena(1024);
    arena.alloc(600);
    arena.resetUnsafe();
    arena.alloc(100);
    expect(arena.highWaterMark).toBe(600);
    arena.reset();
    arena.renew();
    expect(arena.highWaterMark).toBe(600);
    arena.alloc(700);
    expect(arena.highWaterMark).toBe(700);
  });

  describe('with zeroed memory,', () => {
    const dirty = (arena: BumpArena): void => {
      arena.alloc(1000, 1)!.fill(0xff);
    };
    const ways: [string, (arena: BumpArena) => void][] = [
      [
        'resetUnsafe',
        (arena) => {
          arena.resetUnsafe();
        },
      ],
      [
        'reset',
        (arena) => {
          arena.reset();
        },
      ],
      [
        'renew',
        (arena) => {
          arena.renew();
        },
      ],
      [
        'renew and detach',
        (arena) => {
          arena.renew({ detach: true });
        },
      ],
      [
        'trim',
        (arena) => {
          arena.resetUnsafe();
          arena.trim();
        },
      ],
      [
        'rewind',
        (arena) => {
          arena.rewind(first(arena));
        },
      ],
      [
        'free',
        (arena) => {
          arena.free(Buffer.from(arena.buffer, 0, 1000));
        },
      ],
    ];
    const first = (arena: BumpArena) => {
      arena.resetUnsafe();
      const checkpoint = arena.checkpoint();
      dirty(arena);
      return checkpoint;
    };

    it.each(ways)('allocZeroed reads zero after %s', (_way, startOver) => {
      using arena = new Arena(2000);
      expect(isZero(arena.allocZeroed(500)!)).toBe(true);
      arena.resetUnsafe();
      dirty(arena);
      startOver(arena);
      expect(arena.used).toBe(0);
      expect(isZero(arena.allocZeroed(300, 1)!)).toBe(true);
      expect(isZero(arena.allocZeroed(1700, 1)!)).toBe(true);
    });

    it.each(ways)('the option zeroes everything that is allocated after %s', (_way, startOver) => {
      using arena = new Arena(2000, { zeroed: true });
      dirty(arena);
      startOver(arena);
      expect(isZero(arena.alloc(100, 1)!)).toBe(true);
      expect(arena.allocArray(Float64Array, 10)!.every((value) => value === 0)).toBe(true);
      const offset = arena.allocOffset(100, 1);
      expect(isZero(arena.views.u8.subarray(offset, offset + 100))).toBe(true);
      const block = arena.alloc(10, 1)!;
      expect(isZero(arena.realloc(block, 500)!)).toBe(true);
    });

    it('without either, a block shows what was there', () => {
      using arena = new Arena(2000);
      dirty(arena);
      arena.resetUnsafe();
      expect(arena.alloc(10)!.every((byte) => byte === 0xff)).toBe(true);
    });

    it('keeps its fingers from what was not given up', () => {
      using arena = new Arena(2000, { zeroed: true });
      const kept = arena.alloc(100, 1)!.fill(7);
      const checkpoint = arena.checkpoint();
      arena.alloc(100, 1)!.fill(8);
      arena.rewind(checkpoint);
      expect(isZero(arena.alloc(200, 1)!)).toBe(true);
      expect(kept.every((byte) => byte === 7)).toBe(true);
    });
  });

  it('grows past its first commit under one set of offsets', () => {
    using arena = new Arena(8 * MiB);
    const blocks: Buffer[] = [];
    for (let block = arena.alloc(100_000); block !== null; block = arena.alloc(100_000)) {
      blocks.push(block.fill(blocks.length));
    }
    expect(blocks).toHaveLength(83);
    for (const [index, block] of blocks.entries()) {
      expect(block[0]).toBe(index);
      expect(block[99_999]).toBe(index);
      expect(arena.owns(block)).toBe(true);
      expect(arena.views.u8[block.byteOffset]).toBe(index);
    }
  });
});

describe.each(ARENAS)('%s, on both sides of a limit,', (_name, Arena) => {
  it.each([pageSize - 1, pageSize, pageSize + 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1])(
    'takes exactly a capacity of %i',
    (capacity) => {
      using arena = new Arena(capacity);
      expect(arena.alloc(capacity + 1, 1)).toBeNull();
      const block = arena.alloc(capacity, 1)!;
      block[capacity - 1] = 1;
      expect(block.at(-1)).toBe(1);
      expect(arena.remaining).toBe(0);
    },
  );
});

describe.each([
  ['2 GiB', 2 * GiB],
  ['4 GiB', 4 * GiB],
])('BumpArenaLazy around %s', (_name, border) => {
  const beyond = border === 4 * GiB && process.version.startsWith('v20') ? 0 : 4096;

  it('bumps, aligns, writes and goes back', () => {
    using arena = new BumpArenaLazy(border + beyond);
    expect(arena.allocOffset(border - 100, 1)).toBe(0);
    const checkpoint = arena.checkpoint();
    const last = arena.alloc(4, 64)!;
    expect(last.byteOffset).toBe(border - 64);
    last.writeUInt32LE(0xdecafbad);
    if (beyond > 0) {
      const across = arena.alloc(200, 8)!;
      expect(across.byteOffset).toBe(border - 56);
      across.fill(0xab);
      const above = arena.alloc(8, 256)!;
      expect(above.byteOffset).toBe(border + 256);
      above.writeDoubleLE(Math.E);
      expect(arena.views.u8[border]).toBe(0xab);
      expect(arena.views.f64[(border + 256) / 8]).toBe(Math.E);
      expect(arena.realloc(above, 16)!.byteOffset).toBe(border + 256);
      expect(arena.owns(above)).toBe(true);
    }
    expect(last.readUInt32LE()).toBe(0xdecafbad);
    expect(arena.alloc(border + beyond - arena.used, 1)).not.toBeNull();
    expect(arena.remaining).toBe(0);
    expect(arena.alloc(1, 1)).toBeNull();
    arena.rewind(checkpoint);
    expect(arena.used).toBe(border - 100);
    expect(isZero(arena.allocZeroed(300 > beyond + 100 ? 100 : 300, 1)!)).toBe(true);
  });
});
