import { BufferPool, GiB, KiB, MiB } from '../../lib';
import { bufferPools } from '../../lib/pool/buffer-pool';
import { codeOf } from '../arena/support';
import { isAll, makePool } from './support';

describe('acquire', () => {
  it.each([0, 1, 15, 16, 17, 127, 128, 129, 4095, 4096, 4097, 16 * KiB, 64 * KiB + 1, 3 * MiB, 40 * MiB])(
    'answers a Buffer of exactly %d bytes',
    (size) => {
      const pool = makePool();
      const buffer = pool.acquire(size);
      expect(Buffer.isBuffer(buffer)).toBe(true);
      expect(buffer).toHaveLength(size);
      expect(isAll(buffer.fill(7), 7)).toBe(true);
      pool.release(buffer);
      expect(pool.acquire(size)).toHaveLength(size);
    },
  );

  it('hands released memory out again, by another Buffer', () => {
    const pool = makePool();
    const first = pool.acquire(1000);
    pool.release(first);
    const second = pool.acquire(1001);
    expect(second).not.toBe(first);
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(first.byteOffset);
  });

  it('serves any size up to 1 GiB, and larger ones from Node', () => {
    const pool = makePool({ maxBytes: 4 * GiB });
    const [largest, larger] = [pool.acquire(GiB), pool.acquire(GiB + 1)];
    expect([largest.length, larger.length]).toEqual([GiB, GiB + 1]);
    expect(pool.stats).toMatchObject({ fallbacks: 1, liveBuffers: 2, live: 2 * GiB + 1 });
    pool.release(larger);
    pool.release(largest);
    expect(pool.stats).toMatchObject({ liveBuffers: 0, live: 0 });
  });

  it.each([
    [-1, 'ERR_OUT_OF_RANGE'],
    [1.5, 'ERR_OUT_OF_RANGE'],
    [NaN, 'ERR_OUT_OF_RANGE'],
    [2 ** 53, 'ERR_OUT_OF_RANGE'],
    ['16', 'ERR_INVALID_ARG_TYPE'],
    [16n, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses %p', (size, code) => {
    const pool = makePool();
    pool.release(pool.acquire(16)); // so that there is a warm block, and the fast path is taken
    for (const method of ['acquire', 'acquireZeroed', 'lease'] as const) {
      expect(codeOf(() => pool[method](size as number))).toBe(code);
    }
    expect(pool.stats).toMatchObject({ liveBuffers: 0, cachedBuffers: 1 });
  });
});

describe('release', () => {
  it('refuses a Buffer that was released before, also when its memory is handed out again', () => {
    const pool = makePool();
    const first = pool.acquire(100);
    pool.release(first);
    expect(
      codeOf(() => {
        pool.release(first);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    const second = pool.acquire(100);
    expect(
      codeOf(() => {
        pool.release(first);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    pool.release(second);
    expect(pool.stats).toMatchObject({ liveBuffers: 0, cachedBuffers: 1, released: 2 });
  });

  it('refuses parts of a Buffer, other views on it and what is not its own', () => {
    const pool = makePool();
    const other = makePool();
    const buffer = pool.acquire(100);
    const strangers = [
      buffer.subarray(0, 50),
      buffer.subarray(),
      Buffer.from(buffer.buffer, buffer.byteOffset, 100),
      new Uint8Array(buffer.buffer, buffer.byteOffset, 100) as Buffer,
      other.acquire(100),
      Buffer.alloc(100),
      Object.create(buffer) as Buffer,
      new Proxy(buffer, {}),
    ];
    for (const stranger of strangers) {
      expect(
        codeOf(() => {
          pool.release(stranger);
        }),
      ).toMatch(/^ERR_OFFHEAP_FOREIGN_BLOCK$|^ERR_INVALID_ARG_TYPE$/);
    }
    for (const wrong of [null, undefined, 5, 'x', {}, []]) {
      expect(
        codeOf(() => {
          pool.release(wrong as Buffer);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(pool.stats.liveBuffers).toBe(1);
    pool.release(buffer);
  });

  it('checks at full speed as well as under options that make more work', () => {
    for (const options of [
      { zeroed: true },
      { zeroOnRelease: true },
      { guard: true },
      { leakDetection: 'paranoid' as const },
    ]) {
      const pool = makePool(options);
      const buffer = pool.acquire(100);
      expect(
        codeOf(() => {
          pool.release(buffer.subarray(1));
        }),
      ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      pool.release(buffer);
      expect(
        codeOf(() => {
          pool.release(buffer);
        }),
      ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    }
  });
});

describe('lease', () => {
  it('releases at the end of its block', () => {
    const pool = makePool();
    {
      using lease = pool.lease(1000);
      expect(lease.buffer).toHaveLength(1000);
      expect(pool.stats.liveBuffers).toBe(1);
    }
    expect(pool.stats.liveBuffers).toBe(0);
  });

  it('ends once, and shows nothing then', () => {
    const pool = makePool();
    const lease = pool.lease(10);
    lease.release();
    lease.release();
    expect(codeOf(() => lease.buffer)).toBe('ERR_OFFHEAP_STALE');
    expect(pool.stats.released).toBe(1);
  });
});

describe('zeroes', () => {
  it('are what acquireZeroed answers, whatever was there', () => {
    const pool = makePool();
    pool.release(pool.acquire(5000).fill(9));
    expect(isAll(pool.acquireZeroed(5000), 0)).toBe(true);
  });

  it('are what everything answers with the option zeroed', () => {
    const pool = makePool({ zeroed: true, maxBytes: 64 * KiB });
    for (let round = 0; round < 3; round++) {
      const buffers = [pool.acquire(5000), pool.lease(5000).buffer, pool.acquire(MiB)];
      expect(buffers.every((buffer) => isAll(buffer, 0))).toBe(true);
      buffers.forEach((buffer) => {
        pool.release(buffer.fill(9));
      });
    }
  });

  it('are what is left of a Buffer that was released with zeroOnRelease', () => {
    const pool = makePool({ zeroOnRelease: true, maxBytes: 64 * KiB });
    for (const size of [5000, MiB]) {
      const buffer = pool.acquire(size).fill(9);
      pool.release(buffer);
      expect(isAll(buffer, 0)).toBe(true);
    }
  });
});

describe('a pool that is disposed of', () => {
  it('refuses everything, and leaves Buffers as they are', () => {
    const pool = makePool();
    const buffer = pool.acquire(100_000).fill(5);
    pool.dispose();
    pool.dispose();
    expect(isAll(buffer, 5)).toBe(true);
    const uses = [
      () => pool.acquire(1),
      () => pool.acquireZeroed(1),
      () => pool.lease(1),
      () => {
        pool.release(Buffer.alloc(10));
      },
      () => {
        pool.touch(buffer);
      },
      () => pool.prewarm(1, 1),
      () => pool.trim(),
      () => pool.stats,
    ];
    expect(uses.map(codeOf)).toEqual(uses.map(() => 'ERR_OFFHEAP_DISPOSED'));
  });

  it('lets its Buffers be released, as whoever has them does at the end', () => {
    const pool = makePool({ zeroOnRelease: true });
    const [buffer, lease] = [pool.acquire(100).fill(5), pool.lease(100)];
    pool.dispose();
    pool.release(buffer);
    lease.release();
    expect(isAll(buffer, 0)).toBe(true);
  });

  it('is so at the end of its block', () => {
    let pool: BufferPool;
    {
      using inner = new BufferPool({ name: 'inner' });
      pool = inner;
    }
    expect(codeOf(() => pool.acquire(1))).toBe('ERR_OFFHEAP_DISPOSED');
  });
});

describe('names', () => {
  it('are those of all pools that are alive', () => {
    const [a, b] = [makePool({ name: 'same' }), makePool({ name: 'same' })];
    expect([a.name, b.name]).toEqual(['same', 'same-2']);
    expect([...bufferPools]).toEqual(
      expect.arrayContaining([
        ['same', a],
        ['same-2', b],
      ]),
    );
    b.dispose();
    expect([...bufferPools].map(([name]) => name)).not.toContain('same-2');
  });
});

describe('options', () => {
  it.each([
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ name: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ maxBytes: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ maxBytes: '1g' }, 'ERR_INVALID_ARG_TYPE'],
    [{ whenFull: 'throw' }, 'ERR_INVALID_ARG_VALUE'],
    [{ idleMs: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ idleMs: NaN }, 'ERR_OUT_OF_RANGE'],
    [{ idleMs: 2 ** 31 }, 'ERR_OUT_OF_RANGE'],
    [{ idleMs: '1s' }, 'ERR_INVALID_ARG_TYPE'],
    [{ zeroed: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ zeroOnRelease: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
    [{ guard: null }, 'ERR_INVALID_ARG_TYPE'],
    [{ leakDetection: true }, 'ERR_INVALID_ARG_VALUE'],
    [{ leakDetection: 'Simple' }, 'ERR_INVALID_ARG_VALUE'],
  ])('%p are refused', (options, code) => {
    const before = [...bufferPools].length;
    expect(codeOf(() => new BufferPool(options as object))).toBe(code);
    expect([...bufferPools]).toHaveLength(before);
  });

  it('have a default for maxBytes that leaves room for others', () => {
    const pool = makePool({ whenFull: 'null' });
    expect(pool.acquire(MiB)).not.toBeNull();
  });
});
