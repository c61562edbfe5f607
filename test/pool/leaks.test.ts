import { execFileSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';

import { type BufferPool, KiB, type LeakDetection, type LeakMessage } from '../../lib';
import { codeOf } from '../arena/support';
import { collectGarbage } from '../support';
import { collectWarnings, makePool } from './support';

/** Collects garbage until a condition holds. */
async function collectUntil(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) {
      throw new Error(`Not within 20 s: ${String(condition)}`);
    }
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function theCulprit(pool: BufferPool, count = 1, size = 1000): void {
  for (let i = 0; i < count; i++) {
    pool.acquire(size);
  }
}

async function theToucher(pool: BufferPool): Promise<void> {
  await Promise.resolve();
  const buffer = pool.acquire(1000);
  pool.touch(buffer, 'parsing');
  pool.touch(buffer, 'the last hint');
}

describe('a lost Buffer', () => {
  let messages: LeakMessage[];
  const listener = (message: unknown): void => {
    messages.push(message as LeakMessage);
  };
  beforeEach(() => {
    messages = [];
    subscribe('offheap:leak', listener);
  });
  afterEach(() => {
    unsubscribe('offheap:leak', listener);
  });

  it('is reported once, with the place where it was acquired, at paranoid', async () => {
    const pool = makePool({ name: 'leaky', leakDetection: 'paranoid' });
    const warnings = collectWarnings();
    theCulprit(pool);
    await collectUntil(() => warnings.length > 0);
    for (let i = 0; i < 5; i++) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ type: 'OffheapLeakWarning', code: 'OFFHEAP_LEAK' });
    expect(warnings[0]!.message).toMatch(/1000 B of the pool 'leaky' was collected without having been released/);
    // The trace begins at the caller of acquire.
    expect(warnings[0]!.detail).toMatch(/^Acquired:?\s+at theCulprit /);
    expect(messages).toEqual([{ pool: 'leaky', size: 1000, acquiredAt: warnings[0]!.detail }]);
    expect(pool.stats).toMatchObject({ leaks: 1, live: 0, liveBuffers: 0, released: 0 });
  });

  it('is reported with the place where it was touched last', async () => {
    const pool = makePool({ leakDetection: 'paranoid' });
    const warnings = collectWarnings();
    await theToucher(pool);
    await collectUntil(() => warnings.length > 0);
    expect(messages[0]!.touchedAt).toMatch(/^Touched: the last hint\s+at (async )?theToucher/);
    expect(warnings[0]!.detail).toContain('the last hint');
    expect(warnings[0]!.detail).not.toContain('parsing');
  });

  it.each<LeakDetection>(['simple', 'advanced'])('is reported once in a while at %s', async (leakDetection) => {
    const pool = makePool({ leakDetection, idleMs: 50 });
    const warnings = collectWarnings();
    theCulprit(pool, 20_000, 16);
    await collectUntil(() => pool.stats.leaks === 20_000);
    // 156 on average; far from that with a probability of less than one in a million
    expect(messages.length).toBeGreaterThan(80);
    expect(messages.length).toBeLessThan(260);
    expect(messages.every(({ acquiredAt }) => acquiredAt.includes('theCulprit'))).toBe(true);
    // Each place is warned of no more than ten times.
    expect(warnings).toHaveLength(10);
    expect(warnings[9]!.message).toMatch(/Further ones from there are only counted$/);
  });

  it('is only counted at off', async () => {
    const pool = makePool({ leakDetection: 'off', idleMs: 20 });
    theCulprit(pool, 1000);
    await collectUntil(() => pool.stats.leaks === 1000);
    expect(messages).toEqual([]);
    expect(pool.stats).toMatchObject({ live: 0, liveBuffers: 0, released: 0, acquired: 1000 });
  });

  it.each<LeakDetection>(['off', 'simple', 'paranoid'])('gives its memory back at %s', async (leakDetection) => {
    const pool = makePool({ leakDetection, idleMs: 20, maxBytes: 1024 * KiB, whenFull: 'null' });
    for (let round = 1; round <= 5; round++) {
      let lost = 0;
      while (pool.acquire(64 * KiB) !== null) {
        lost++;
      }
      expect(lost).toBe(16);
      await collectUntil(() => pool.stats.leaks === 16 * round);
    }
    expect(pool.stats).toMatchObject({ live: 0, liveBuffers: 0, reserved: 0 });
  });

  it('does not lose its memory to somebody else while a part of it is in use', async () => {
    const pool = makePool({ leakDetection: 'paranoid' });
    const part = (() =>
      pool
        .acquire(64 * KiB)
        .fill(7)
        .subarray(100, 200))();
    await collectUntil(() => pool.stats.leaks === 1);
    const others = Array.from({ length: 100 }, () => pool.acquire(64 * KiB).fill(9));
    expect(part.every((byte) => byte === 7)).toBe(true);
    part.fill(8);
    expect(others.every((buffer) => buffer.every((byte) => byte === 9))).toBe(true);
  });

  it('of Node’s own is counted, too', async () => {
    const pool = makePool({ maxBytes: 0 });
    theCulprit(pool, 3);
    await collectUntil(() => pool.stats.leaks === 3);
    expect(pool.stats).toMatchObject({ live: 0, liveBuffers: 0 });
  });

  it.each<[string, (pool: BufferPool) => unknown]>([
    [
      'in a field of the object whose method has acquired it',
      (pool) =>
        new (class Connection {
          buffer = this.open();
          open(): Buffer {
            return pool.acquire(1000);
          }
        })(),
    ],
    ['by a lease', (pool) => ({ lease: pool.lease(1000) })],
    [
      'by a function that waits for ever',
      async (pool) => {
        const buffer = pool.acquire(1000);
        await new Promise(() => {});
        return buffer;
      },
    ],
    [
      'by the object whose method has touched it',
      (pool) =>
        new (class Parser {
          buffer = pool.acquire(1000);
          length = this.parse();
          parse(): number {
            pool.touch(this.buffer);
            return this.buffer.length;
          }
        })(),
    ],
  ])('is found, although it was kept %s', async (_how, lose) => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const [simple, paranoid] = [
      makePool({ leakDetection: 'simple', idleMs: 20 }),
      makePool({ leakDetection: 'paranoid' }),
    ];
    for (let i = 0; i < 300; i++) {
      lose(simple);
      lose(paranoid);
    }
    await collectUntil(() => simple.stats.leaks === 300 && paranoid.stats.leaks === 300);
  });

  it('is found in a pool whose memory never goes back', async () => {
    const pool = makePool({ leakDetection: 'off', idleMs: Infinity });
    theCulprit(pool, 100);
    await collectUntil(() => pool.stats.leaks === 100);
  });

  it('leaves its neighbours as they are, which can be released', async () => {
    const pool = makePool({ leakDetection: 'paranoid' });
    const neighbours = Array.from({ length: 8 }, () => pool.acquire(4096).fill(1));
    theCulprit(pool, 1, 4096);
    await collectUntil(() => pool.stats.leaks === 1);
    expect(neighbours.every((buffer) => buffer.every((byte) => byte === 1))).toBe(true);
    neighbours.forEach((buffer) => {
      pool.release(buffer);
    });
    expect(pool.stats).toMatchObject({ live: 0, liveBuffers: 0, released: 8 });
  });
});

describe('a Buffer that is in use for long', () => {
  it('is not lost, and can be released', async () => {
    const pool = makePool({ idleMs: 10 });
    const buffers = Array.from({ length: 1000 }, () => pool.acquire(100).fill(1));
    for (let i = 0; i < 10; i++) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(pool.stats).toMatchObject({ leaks: 0, liveBuffers: 1000 });
    buffers.forEach((buffer) => {
      pool.touch(buffer);
      pool.release(buffer);
    });
    expect(pool.stats).toMatchObject({ leaks: 0, liveBuffers: 0, released: 1000 });
    expect(
      codeOf(() => {
        pool.release(buffers[0]!);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
  });
});

describe('OFFHEAP_LEAK_DETECTION', () => {
  function run(value: string): string {
    const program = `
      const { BufferPool } = require(${JSON.stringify(join(__dirname, '../../dist'))});
      process.on('warning', ({ code }) => console.log(code));
      try {
        const pool = new BufferPool({ name: 'x' });
        (() => pool.acquire(10))();
        setImmediate(() => (gc(), setTimeout(() => {}, 50)));
      } catch ({ code, message }) {
        console.log(code, message);
      }`;
    const env = { ...process.env, OFFHEAP_LEAK_DETECTION: value };
    return execFileSync(process.execPath, ['--expose-gc', '-e', program], { encoding: 'utf8', env, timeout: 50_000 });
  }

  it('says which level pools have that are made without one', () => {
    expect(run('paranoid')).toBe('OFFHEAP_LEAK\n');
    expect(run('off')).toBe('');
  });

  it('is refused where it names none', () => {
    expect(run('everything')).toMatch(/^ERR_INVALID_ARG_VALUE .*OFFHEAP_LEAK_DETECTION.*'everything'\n$/);
  });
});
