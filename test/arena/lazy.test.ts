import {
  BumpAlloc,
  BumpArenaLazy,
  type BumpArenaOptions,
  GiB,
  KiB,
  memoryUsage,
  MiB,
  OffheapSystemError,
} from '../../lib';
import { loadAddon } from '../../lib/native/load';
import { collectGarbage, settle } from '../support';
import { runWithSpareMemory } from './support';

const { pageSize, maxMappings } = loadAddon().system;

/** For tests that use up the mappings, of which some systems have more than arenas fit into memory. */
const whereScarce = maxMappings < 100_000 ? it : it.skip;
const LARGE = process.version.startsWith('v20') ? 4 * GiB : 64 * GiB;

describe('BumpArenaLazy', () => {
  it('commits nothing before the first allocation, then 64 KiB, then twice as much each time', () => {
    using arena = new BumpArenaLazy(LARGE);
    expect(arena.committed).toBe(0);
    expect(arena.buffer.byteLength).toBe(0);
    arena.alloc(1);
    expect(arena.committed).toBe(64 * KiB);
    arena.alloc(64 * KiB);
    expect(arena.committed).toBe(128 * KiB);
    arena.alloc(1 * MiB);
    expect(arena.committed).toBeGreaterThanOrEqual(1 * MiB + 128 * KiB);
    expect(arena.committed).toBeLessThan(2 * MiB);
    expect(arena.buffer.byteLength).toBe(arena.committed);
  });

  it('never commits past its capacity', () => {
    using arena = new BumpArenaLazy(100 * KiB);
    arena.alloc(65 * KiB);
    expect(arena.committed).toBe(Math.ceil((100 * KiB) / pageSize) * pageSize);
    expect(arena.buffer.byteLength).toBe(100 * KiB);
  });

  it('costs next to nothing while it is only reserved', () => {
    const before = process.memoryUsage().rss;
    const arenas = Array.from({ length: 16 }, () => new BumpArenaLazy(LARGE));
    expect(memoryUsage().reserved).toBeGreaterThanOrEqual(16 * LARGE);
    for (const arena of arenas) {
      arena.alloc(100);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(16 * MiB);
    for (const arena of arenas) {
      arena.dispose();
    }
  });

  it('leaves earlier buffers valid when it grows', () => {
    using arena = new BumpArenaLazy(64 * MiB);
    const first = arena.alloc(100)!;
    const small = arena.buffer;
    arena.alloc(20 * MiB);
    expect(arena.buffer).not.toBe(small);
    arena.views.u8[5] = 42;
    expect(first[5]).toBe(42);
    new Uint8Array(small)[6] = 43;
    expect(arena.views.u8[6]).toBe(43);
    expect(arena.owns(first)).toBe(true);
  });

  it('gives memory above `used` back by trim, and keeps what is below', () => {
    using arena = new BumpArenaLazy(64 * MiB);
    const kept = arena.alloc(1 * MiB)!.fill(1);
    const checkpoint = arena.checkpoint();
    arena.alloc(40 * MiB)!.fill(2);
    expect(arena.resident).toBeGreaterThanOrEqual(41 * MiB);
    arena.rewind(checkpoint);
    const before = process.memoryUsage().rss;
    arena.trim();
    expect(arena.resident).toBeLessThan(3 * MiB);
    expect(before - process.memoryUsage().rss).toBeGreaterThan(30 * MiB);
    expect(arena.committed).toBeGreaterThanOrEqual(41 * MiB);
    expect(kept.every((byte) => byte === 1)).toBe(true);
    expect(arena.alloc(40 * MiB)!.includes(2)).toBe(false);
  });

  it('gives its memory back at once by dispose, whoever still holds views', () => {
    const arena = new BumpArenaLazy(64 * MiB);
    const view = arena.alloc(40 * MiB)!.fill(1);
    const before = process.memoryUsage().rss;
    arena.dispose();
    expect(before - process.memoryUsage().rss).toBeGreaterThan(30 * MiB);
    expect(view[0]).toBe(0);
  });

  it('keeps the contents of blocks that outlive an arena nobody disposed of', async () => {
    const make = (): { collected: WeakRef<BumpArenaLazy>; block: Buffer } => {
      const arena = new BumpArenaLazy(1 * GiB);
      return { collected: new WeakRef(arena), block: arena.alloc(100_000)!.fill(7) };
    };
    const { collected, block } = make();
    await settle();
    expect(collected.deref()).toBeUndefined();
    expect(block.every((byte) => byte === 7)).toBe(true);
  });

  it('takes GiBs that are touched at the ends alone', () => {
    using arena = new BumpArenaLazy(LARGE);
    const block = arena.alloc(1 * GiB)!;
    block[block.length - 1] = 1;
    expect(arena.alloc(2 * GiB)).not.toBeNull();
    expect(arena.remaining).toBe(LARGE - 3 * GiB);
    expect(arena.resident).toBeLessThan(16 * MiB);
  });

  it('takes what there is where the system refuses a doubling, and is full only then', () => {
    const rounds = runWithSpareMemory(1500 * MiB, 'commit-refused.cjs') as {
      taken: number;
      committed: number;
      refused: boolean;
    }[];
    expect(rounds).toHaveLength(2);
    for (const { taken, committed, refused } of rounds) {
      expect(refused).toBe(true);
      expect(taken).toBe(1100);
      expect(committed).toBeGreaterThanOrEqual(1100);
      expect(committed).toBeLessThan(2048);
    }
  });
});

it('A BumpArenaLazy that refuses its options has reserved nothing', () => {
  const { reserved } = memoryUsage();
  expect(() => new BumpArenaLazy(1 * MiB, 5 as unknown as BumpArenaOptions)).toThrow(TypeError);
  expect(memoryUsage().reserved).toBe(reserved);
});

describe('memoryUsage()', () => {
  it('follows arenas through their lives, by kind', async () => {
    const other = new BumpAlloc();
    other.alloc(3 * MiB)!.fill(1);
    await settle();
    const start = memoryUsage();
    const { arena: before, bumpAlloc, pool } = start.kinds;
    expect(bumpAlloc.reserved).toBeGreaterThanOrEqual(1 * GiB);
    expect(bumpAlloc.resident).toBeGreaterThanOrEqual(3 * MiB);

    const arena = new BumpArenaLazy(100 * MiB);
    let usage = memoryUsage();
    expect(usage.kinds.arena.reserved - before.reserved).toBeGreaterThanOrEqual(100 * MiB);
    expect(usage.kinds.arena.committed).toBe(before.committed);
    arena.alloc(10 * MiB)!.fill(1);
    usage = memoryUsage();
    expect(usage.kinds.arena.committed - before.committed).toBe(arena.committed);
    expect(usage.kinds.arena.resident - before.resident).toBeGreaterThanOrEqual(10 * MiB);
    expect(usage.kinds).toMatchObject({ bumpAlloc, pool });
    for (const figure of ['reserved', 'committed', 'resident', 'retired'] as const) {
      expect(usage[figure]).toBe(Object.values(usage.kinds).reduce((sum, kind) => sum + kind[figure], 0));
    }

    arena.dispose();
    usage = memoryUsage();
    expect(usage.kinds.arena.reserved).toBe(before.reserved);
    expect(usage.kinds.arena.committed).toBe(before.committed);
    expect(usage.kinds.arena.retired - before.retired).toBe(10 * MiB);
    expect(usage.kinds.arena.resident).toBeLessThanOrEqual(before.resident);
    await settle();
    expect(memoryUsage().kinds.arena.retired).toBeLessThanOrEqual(before.retired);
    other.free(other.alloc(1)!); // it is in use until here
  });

  it('shows renewed memory until its views are dead', async () => {
    using arena = new BumpArenaLazy(1 * MiB);
    await settle();
    const start = memoryUsage();
    for (let round = 0; round < 1000; round++) {
      arena.alloc(64 * KiB);
      arena.renew();
    }
    expect(memoryUsage().retired - start.retired).toBeGreaterThan(50 * MiB);
    expect(memoryUsage().resident - start.resident).toBeLessThan(1 * MiB);
    await settle();
    expect(memoryUsage().retired - start.retired).toBeLessThan(20 * MiB);
  });

  it('gives addresses of dropped arenas back', async () => {
    await settle();
    const { reserved } = memoryUsage();
    for (let round = 0; round < 1000; round++) {
      new BumpArenaLazy(LARGE).alloc(1);
      if (round % 100 === 99) {
        await settle(2);
      }
    }
    await settle();
    expect(memoryUsage().reserved - reserved).toBeLessThan(20 * LARGE);
  });
});

describe('A system that refuses', () => {
  whereScarce('is answered with its error number and what was asked', () => {
    const arenas: BumpArenaLazy[] = [];
    let refusal: unknown;
    try {
      for (;;) {
        arenas.push(new BumpArenaLazy(4096));
      }
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(OffheapSystemError);
    expect(refusal).toMatchObject({ code: 'ERR_OFFHEAP_OS', errno: -12, syscall: 'reserve' });
    expect((refusal as Error).message).toMatch(/^ENOMEM: .*\d+ memory mappings/);
    expect(arenas.length).toBeGreaterThan(5000);
    // And works again when there is room.
    for (const arena of arenas) {
      arena.dispose();
    }
    collectGarbage();
    new BumpArenaLazy(4096).dispose();
  });

  whereScarce('leaves an arena that it refuses to renew as it was', () => {
    const arenas = [new BumpArenaLazy(1 * MiB), new BumpArenaLazy(1 * MiB)] as const;
    const blocks = arenas.map((arena) => arena.alloc(100 * KiB)!.fill(7));
    const checkpoint = arenas[0].checkpoint();
    const hoard: BumpArenaLazy[] = [];
    try {
      for (;;) {
        hoard.push(new BumpArenaLazy(4096));
      }
    } catch {
      // no mappings are left
    }
    for (const [index, arena] of arenas.entries()) {
      const { buffer } = arena;
      const refuse =
        index === 0
          ? () => {
              arena.renew();
            }
          : () => {
              arena.renew({ detach: true });
            };
      expect(refuse).toThrow(OffheapSystemError);
      expect(refuse).toThrow(/memory mappings.*renew/);
      expect(arena.used).toBe(100 * KiB);
      expect(arena.buffer).toBe(buffer);
      expect(blocks[index]!.every((byte) => byte === 7)).toBe(true);
      expect(arena.owns(blocks[index]!)).toBe(true);
    }
    if (process.version.startsWith('v20')) {
      expect(() => {
        arenas[0].reset(); // is a renew there
      }).toThrow(OffheapSystemError);
    }
    arenas[0].rewind(checkpoint);
    for (const arena of hoard) {
      arena.dispose();
    }
    for (const [index, arena] of arenas.entries()) {
      arena.renew();
      arena.alloc(100 * KiB)!.fill(9);
      expect(blocks[index]!.includes(9)).toBe(false);
      arena.dispose();
    }
  });
});
