import {
  type ArenaStats,
  BumpAlloc,
  BumpArena,
  BumpArenaLazy,
  KiB,
  layoutOf,
  MemoryArena,
  MiB,
  struct,
  text,
  TypedArena,
  TypedArenaLazy,
  u32,
} from '../../lib';
import { loadAddon } from '../../lib/native/load';
import { ARENAS, codeOf, WAYS } from './support';

class Point extends struct({ x: u32, y: u32 }) {}
class Named extends struct({ id: u32, name: text }) {}

const { pageSize } = loadAddon().system;

/** What holds for the statistics of every arena. */
function expectSound(stats: ArenaStats): void {
  expect(Object.keys(stats)).toEqual(['live', 'cached', 'reserved', 'committed', 'resident', 'highWaterMark']);
  expect(stats.live + stats.cached).toBe(stats.committed);
  expect(stats.committed).toBeLessThanOrEqual(stats.reserved);
  expect(stats.live).toBeLessThanOrEqual(stats.highWaterMark);
}

describe.each(ARENAS)('The statistics of a %s', (_name, Arena) => {
  it('follow what is allocated and given up', () => {
    using arena = new Arena(1 * MiB);
    expect(arena.stats.live).toBe(0);
    arena.alloc(100 * KiB)!.fill(1);
    arena.alloc(1, 1);
    expectSound(arena.stats);
    expect(arena.stats.live).toBe(100 * KiB + 1);
    expect(arena.stats.resident).toBeGreaterThanOrEqual(100 * KiB);
    arena.reset();
    expectSound(arena.stats);
    expect(arena.stats).toMatchObject({ live: 0, highWaterMark: 100 * KiB + 1, reserved: 1 * MiB });
  });

  it.each(WAYS.filter(([way]) => way !== 'dispose'))('are sound after %s', (_way, startOver) => {
    using arena = new Arena(4 * MiB);
    for (const size of [3 * MiB, 1, 100 * KiB]) {
      arena.alloc(size)!.fill(1);
      expectSound(arena.stats);
      startOver(arena);
      expectSound(arena.stats);
    }
    expect(arena.stats.highWaterMark).toBe(3 * MiB);
  });

  it('are refused after dispose()', () => {
    const arena = new Arena(100);
    arena.dispose();
    expect(codeOf(() => arena.stats)).toBe('ERR_OFFHEAP_DISPOSED');
  });
});

describe('The statistics of a BumpArena', () => {
  it('take all of its memory for committed and resident, of which JavaScript cannot ask', () => {
    const all = 1 * MiB;
    const expected = { live: 10, cached: all - 10, reserved: all, committed: all, resident: all, highWaterMark: 10 };
    using arena = new BumpArena(all);
    arena.alloc(10);
    expect(arena.stats).toEqual(expected);
  });
});

describe('The statistics of a BumpArenaLazy', () => {
  it('are what its own properties say', () => {
    using arena = new BumpArenaLazy(64 * MiB);
    arena.alloc(3 * MiB)!.fill(1);
    const { committed, resident, reserved } = arena.stats;
    expect([committed, resident]).toEqual([arena.committed, arena.resident]);
    expect(committed).toBeLessThan(reserved);
    expect(reserved).toBe(64 * MiB);
  });

  it('count whole pages as reserved where the capacity is less', () => {
    using arena = new BumpArenaLazy(10);
    arena.alloc(10);
    expect(arena.stats).toMatchObject({ live: 10, reserved: pageSize, committed: pageSize, cached: pageSize - 10 });
  });

  it('fall with trim(), as far as physical memory goes', () => {
    using arena = new BumpArenaLazy(64 * MiB);
    arena.alloc(8 * MiB)!.fill(1);
    arena.resetUnsafe();
    const { resident } = arena.stats;
    arena.trim();
    const after = arena.stats;
    expect(after.resident).toBeLessThan(resident - 4 * MiB);
    expect(after.cached).toBeGreaterThanOrEqual(8 * MiB);
    expectSound(after);
  });
});

describe.each([
  ['TypedArena', TypedArena],
  ['TypedArenaLazy', TypedArenaLazy],
] as const)('The statistics of a %s', (_name, Arena) => {
  it('count records and their texts', () => {
    using arena = new Arena(Named, 1000, { textBytes: 10_000 });
    const { size } = layoutOf(Named);
    arena.push({ id: 1, name: 'a'.repeat(100) });
    arena.push({ id: 2, name: 'b'.repeat(50) });
    expect(arena.stats.live).toBe(2 * size + 150);
    expect(arena.used).toBe(2 * size + 150);
    expect(arena.stats.reserved).toBeGreaterThanOrEqual(1000 * size + 10_000);
    expectSound(arena.stats);
  });

  it('keep the high-water mark when records are dropped', () => {
    using arena = new Arena(Point, 1000);
    expect(arena.stats.highWaterMark).toBe(0);
    for (const count of [3, 10, 5]) {
      for (let i = 0; i < count; i++) {
        arena.push({ x: i, y: i });
      }
      arena.reset();
    }
    expect(arena.stats).toMatchObject({ live: 0, highWaterMark: 10 * 8 });
    arena.push();
    expect(arena.stats).toMatchObject({ live: 8, highWaterMark: 10 * 8 });
  });

  it('are refused by a drop hook, and after dispose()', () => {
    const codes: unknown[] = [];
    const arena: TypedArena<Point> = new Arena(Point, 10, { drop: () => codes.push(codeOf(() => arena.stats)) });
    arena.push();
    arena.dispose();
    codes.push(codeOf(() => arena.stats));
    expect(codes).toEqual(['ERR_OFFHEAP_EXCLUSIVE', 'ERR_OFFHEAP_DISPOSED']);
  });
});

describe('The statistics of a MemoryArena', () => {
  it('follow its allocator', () => {
    using arena = new MemoryArena(64 * KiB);
    expect(arena.stats).toMatchObject({ live: 0, committed: 0, resident: 0, highWaterMark: 0 });
    arena.scope((allocator) => {
      allocator.alloc(1000)!.fill(1);
      expect(arena.stats.live).toBe(1000);
      expect(arena.stats.committed).toBe(arena.committed);
      expect(arena.stats.resident).toBeGreaterThanOrEqual(1000);
    });
    expectSound(arena.stats);
    expect(arena.stats).toMatchObject({ live: 0, highWaterMark: 1000 });
    arena.dispose();
    expect(codeOf(() => arena.stats)).toBe('ERR_OFFHEAP_DISPOSED');
  });
});

describe('The statistics of a BumpAlloc', () => {
  it('are zero before the first allocation, which reserves', () => {
    const alloc = BumpAlloc.withSize(16 * MiB);
    const nothing = { live: 0, cached: 0, reserved: 0, committed: 0, resident: 0, highWaterMark: 0 };
    expect(alloc.stats).toEqual(nothing);
    alloc.alloc(1000)!.fill(1);
    const { stats } = alloc;
    expectSound(stats);
    expect(stats).toMatchObject({ live: 1000, highWaterMark: 1000, reserved: 16 * MiB });
    expect(stats.committed).toBeGreaterThanOrEqual(1000);
    expect(stats.resident).toBeGreaterThanOrEqual(1000);
  });
});
