import { open } from 'node:fs/promises';
import { randomFill } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type BumpArena, BumpArenaLazy, GiB, KiB, memoryUsage, MiB } from '../../lib';
import { loadAddon } from '../../lib/native/load';
import { collectGarbage } from '../support';
import { ARENAS, DETACHES, isZero } from './support';

const { system } = loadAddon();

type Way = 'reset' | 'renew' | 'renew and detach' | 'resetUnsafe';

function startOver(arena: BumpArena, way: Way): void {
  if (way === 'renew and detach') {
    arena.renew({ detach: true });
  } else {
    arena[way]();
  }
}

const SAFE: Way[] = ['reset', 'renew', 'renew and detach'];
const ALL: Way[] = [...SAFE, 'resetUnsafe'];

describe.each(ARENAS)('%s, starting over', (name, Arena) => {
  describe.each(ALL)('by %s,', (way) => {
    it('begins at offset 0 again, as often as one likes', () => {
      using arena = new Arena(100);
      for (let round = 0; round < 50; round++) {
        expect(arena.alloc(60, 1)!.fill(round).byteOffset).toBe(0);
        expect(arena.alloc(41, 1)).toBeNull();
        expect(arena.remaining).toBe(40);
        startOver(arena, way);
        expect(arena.used).toBe(0);
        expect(arena.remaining).toBe(100);
      }
    });

    it('allows it with nothing allocated, and twice in a row', () => {
      using arena = new Arena(100);
      startOver(arena, way);
      startOver(arena, way);
      arena.alloc(10);
      startOver(arena, way);
      startOver(arena, way);
      expect(arena.alloc(100, 1)).toHaveLength(100);
    });

    it('has views and a buffer that fit at once', () => {
      using arena = new Arena(1 * MiB);
      arena.views.f64[3] = 1;
      arena.alloc(100);
      startOver(arena, way);
      expect(arena.buffer.byteLength).toBeGreaterThan(0);
      const offset = arena.allocOffset(8);
      arena.views.f64[offset / 8] = 42;
      expect(new Float64Array(arena.buffer)[offset / 8]).toBe(42);
    });
  });

  describe.each(SAFE)('by %s,', (way) => {
    it('shows stale views nothing of what comes after, and lets them change nothing', () => {
      using arena = new Arena(1 * MiB);
      const stale = arena.alloc(1000)!.fill(1);
      const { buffer } = stale;
      const floats = arena.allocArray(Float64Array, 10)!.fill(1);
      startOver(arena, way);
      const fresh = arena.alloc(2000)!.fill(2);
      if (stale.length > 0) {
        expect(stale.includes(2)).toBe(false);
        expect(floats.includes(2)).toBe(false);
        stale.fill(3);
        floats.fill(3);
        new Uint8Array(buffer).fill(3);
      } else {
        expect([floats.length, buffer.byteLength]).toEqual([0, 0]);
      }
      expect(fresh.every((byte) => byte === 2)).toBe(true);
    });

    it('shows stale views of every exposure nothing, after growth in the round', () => {
      using arena = new Arena(4 * MiB);
      const stale = [1, 2, 3, 4, 5].map((value) => arena.alloc(700 * KiB)!.fill(value));
      startOver(arena, way);
      const fresh = arena.alloc(4 * MiB, 1)!.fill(9);
      // Those that were detached have nothing to show.
      for (const view of stale.filter(({ length }) => length > 0)) {
        expect(view.includes(9)).toBe(false);
        view.fill(8);
      }
      expect(fresh.every((byte) => byte === 9)).toBe(true);
    });
  });

  it('by resetUnsafe, stale views alias what comes after', () => {
    using arena = new Arena(1000);
    const stale = arena.alloc(10)!.fill(1);
    arena.resetUnsafe();
    const fresh = arena.alloc(10)!.fill(2);
    expect([...stale]).toEqual([...fresh]);
    stale[0] = 3;
    expect(fresh[0]).toBe(3);
  });

  it('by renew, stale views stay valid memory', () => {
    using arena = new Arena(100 * KiB);
    const stale = arena.alloc(100 * KiB)!.fill(1);
    arena.renew();
    expect(stale).toHaveLength(100 * KiB);
    // Lazy memory has moved on with its pages; a plain ArrayBuffer stays what it was.
    expect(stale.every((byte) => byte === (name === 'BumpArena' ? 1 : 0))).toBe(true);
    stale.fill(7);
    arena.alloc(100 * KiB)!.fill(2);
    arena.renew();
    expect(stale.every((byte) => byte === 7)).toBe(true);
  });

  (DETACHES ? it : it.skip).each(['reset', 'renew and detach'] as const)(
    'by %s, stale views have length 0 where the runtime can detach',
    (way) => {
      using arena = new Arena(1 * MiB);
      const stale = [arena.alloc(100)!, arena.alloc(500 * KiB)!];
      const { views } = arena;
      startOver(arena, way);
      expect(stale.map((view) => view.length)).toEqual([0, 0]);
      expect(views.f64).toHaveLength(0);
    },
  );

  it.each(['renew', 'renew and detach'] as const)('by %s, jobs that are running finish and do no harm', async (way) => {
    using arena = new Arena(1 * MiB);
    const path = join(tmpdir(), `offheap-${process.pid}-${name}`);
    const file = await open(path, 'w+');
    try {
      await file.write(Buffer.alloc(256 * KiB, 0x11));
      const target = arena.alloc(256 * KiB)!;
      const random = arena.alloc(256 * KiB)!;
      const jobs = [file.read(target, 0, 256 * KiB, 0), promisify(randomFill)(random)];
      startOver(arena, way);
      const fresh = arena.alloc(512 * KiB)!.fill(0);
      await Promise.all(jobs);
      expect(isZero(fresh)).toBe(true);
    } finally {
      await file.close();
    }
  });

  it.each(DETACHES ? (['reset', 'resetUnsafe'] as const) : (['resetUnsafe'] as const))(
    'by %s, a job that is running writes over what comes after',
    async (way) => {
      using arena = new Arena(64 * KiB);
      const job = promisify(randomFill)(arena.alloc(64 * KiB)!);
      arena[way]();
      const fresh = arena.alloc(64 * KiB)!;
      await job;
      expect(isZero(fresh)).toBe(false);
    },
  );

  it('by no way, while a pin says that a job is running', async () => {
    using arena = new Arena(64 * KiB);
    {
      using _pin = arena.pin();
      const job = promisify(randomFill)(arena.alloc(64 * KiB)!);
      expect(() => {
        arena.reset();
      }).toThrow(/pin/);
      await job;
    }
    arena.reset();
    expect(arena.used).toBe(0);
  });
});

describe('BumpArenaLazy, starting over', () => {
  // Less than a huge page, so that every page counts, also where the system gives huge ones unasked.
  const bytes = 1 * MiB;
  const pages = bytes / system.pageSize;

  function faultsOf(fn: () => void): number {
    const before = process.resourceUsage().minorPageFault;
    fn();
    return process.resourceUsage().minorPageFault - before;
  }

  const whereWarm = system.canMove ? it : it.skip;

  whereWarm.each(ALL)('by %s, keeps its pages warm', (way) => {
    using arena = new BumpArenaLazy(1.5 * MiB);
    const touch = (): void => {
      arena.alloc(bytes)!.fill(1);
    };
    expect(faultsOf(touch)).toBeGreaterThan(pages / 2);
    let faults = 0;
    for (let round = 0; round < 10; round++) {
      startOver(arena, way);
      faults += faultsOf(touch);
    }
    expect(faults).toBeLessThan(pages / 2);
  });

  (DETACHES ? it : it.skip)('by reset, keeps its pages warm also after growth in the round', () => {
    using arena = new BumpArenaLazy(16 * MiB);
    const touch = (): void => {
      for (let block = 0; block < 16; block++) {
        arena.alloc(100 * KiB)!.fill(1);
      }
    };
    arena.alloc(64 * KiB);
    arena.renew();
    touch();
    collectGarbage();
    arena.reset();
    expect(faultsOf(touch)).toBeLessThan(100);
  });

  whereWarm('gives the memory of an outlier back in the end', () => {
    using arena = new BumpArenaLazy(4 * GiB);
    arena.alloc(1 * GiB)![0] = 1;
    const { retired } = memoryUsage();
    for (let round = 0; round < 5000; round++) {
      arena.renew();
      arena.alloc(64 * KiB)![0] = 1;
    }
    expect(arena.committed).toBeLessThan(1 * MiB);
    expect(memoryUsage().retired - retired).toBeLessThan(200 * GiB);
    expect(arena.alloc(1 * GiB)).toHaveLength(1 * GiB);
  });

  it('exposes no more than the last round needed', () => {
    using arena = new BumpArenaLazy(64 * MiB);
    arena.alloc(50 * MiB);
    arena.renew();
    arena.alloc(100 * KiB);
    arena.renew();
    arena.alloc(100);
    expect(arena.buffer.byteLength).toBeLessThanOrEqual(128 * KiB);
    expect(arena.committed).toBeGreaterThanOrEqual(50 * MiB);
    // And grows from there as it did at first.
    const blocks = Array.from({ length: 20 }, (_, index) => arena.alloc(2 * MiB)!.fill(index));
    expect(blocks.every((block, index) => block.every((byte) => byte === index))).toBe(true);
  });

  it('takes 3,000 renews in one synchronous loop, whatever was in use', () => {
    using arena = new BumpArenaLazy(8 * MiB);
    const kept: Buffer[] = [];
    for (let round = 0; round < 3000; round++) {
      const size = 1 + ((round * 7919) % (round % 50 === 0 ? 4 * MiB : 100 * KiB));
      const block = arena.alloc(size)!;
      block[0] = 1 + (round % 255);
      block[size - 1] = 1 + (round % 255);
      if (round % 100 === 0) {
        kept.push(block);
      }
      arena.renew();
      expect(block[0]).toBe(0);
    }
    expect(kept.every((block) => block.at(0) === 0 && block.at(-1) === 0)).toBe(true);
  });
});
