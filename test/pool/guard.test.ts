import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { KiB, type UseAfterReleaseMessage } from '../../lib';
import { codeOf, DETACHES } from '../arena/support';
import { collectWarnings, makePool } from './support';

const POISON = 0xdb;

describe('guard', () => {
  it('poisons what is released', () => {
    const pool = makePool({ guard: true });
    const buffer = pool.acquire(1000).fill(1);
    pool.release(buffer);
    expect(buffer.every((byte) => byte === POISON)).toBe(true);
  });

  it('tells of what was written to a Buffer after its release', async () => {
    const pool = makePool({ guard: true, name: 'guarded' });
    const warnings = collectWarnings();
    const messages: unknown[] = [];
    const listener = (message: unknown): void => {
      messages.push(message);
    };
    subscribe('offheap:use-after-release', listener);
    const buffer = pool.acquire(1000);
    pool.release(buffer);
    buffer[500] = 1;
    pool.acquire(1000);
    await Promise.resolve();
    unsubscribe('offheap:use-after-release', listener);
    expect(messages).toEqual([{ pool: 'guarded', size: 1024, offset: 500 } satisfies UseAfterReleaseMessage]);
    expect(warnings).toEqual([
      {
        message:
          "A buffer of the pool 'guarded' was written to after it had been released: at byte 500 of a block of 1 KiB",
        type: 'OffheapGuardWarning',
        code: 'OFFHEAP_USE_AFTER_RELEASE',
      },
    ]);
  });

  it('has nothing to tell of Buffers that are used as they should be', async () => {
    const pool = makePool({ guard: true, idleMs: 10 });
    const warnings = collectWarnings();
    for (let round = 0; round < 5; round++) {
      const buffers = Array.from({ length: 50 }, (_, index) => pool.acquire(index * 100).fill(1));
      buffers.forEach((buffer) => {
        pool.release(buffer);
      });
      await new Promise((resolve) => setTimeout(resolve, 15)); // some of it goes back and comes again
      pool.prewarm(10 * KiB, 3);
    }
    pool.trim();
    pool.acquire(100);
    expect(warnings).toEqual([]);
  });
});

describe('guard at paranoid', () => {
  it('gives each Buffer an ArrayBuffer of its own', () => {
    const pool = makePool({ guard: true, leakDetection: 'paranoid' });
    const [a, b] = [pool.acquire(100), pool.acquire(100)];
    expect(a.buffer).not.toBe(b.buffer);
    expect(pool.stats).toMatchObject({ liveBuffers: 2, misses: 2 });
    pool.release(a);
    pool.release(b);
    expect(pool.stats).toMatchObject({ liveBuffers: 0, cachedBuffers: 0, reserved: 0 });
  });

  it(DETACHES ? 'detaches what is released' : 'leaves poison in what is released, and nobody else gets it', () => {
    const pool = makePool({ guard: true, leakDetection: 'paranoid' });
    const buffer = pool.acquire(100).fill(1);
    const part = buffer.subarray(10, 20);
    pool.release(buffer);
    if (DETACHES) {
      expect([buffer.length, part.length]).toEqual([0, 0]);
    } else {
      expect(part.every((byte) => byte === POISON)).toBe(true);
      const others = Array.from({ length: 10 }, () => pool.acquire(100).fill(2));
      expect(part.every((byte) => byte === POISON)).toBe(true);
      expect(others.every((other) => other.buffer !== buffer.buffer)).toBe(true);
    }
    expect(
      codeOf(() => {
        pool.release(buffer);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
  });

  it('keeps to maxBytes, and stays level over many Buffers', () => {
    const pool = makePool({ guard: true, leakDetection: 'paranoid', maxBytes: 64 * KiB, whenFull: 'null' });
    for (let i = 0; i < 2000; i++) {
      const buffer = pool.acquire(64 * KiB);
      expect(buffer).not.toBeNull();
      expect(pool.acquire(1)).toBeNull();
      pool.release(buffer!);
    }
    expect(pool.prewarm(100, 10)).toBe(0);
  });
});
