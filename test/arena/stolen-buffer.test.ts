import { BumpArenaLazy, KiB, MiB } from '../../lib';
import { steal } from '../collections/support';
import { ARENAS, codeOf, isZero } from './support';
import { THIEVES } from './thieves';

describe.each(ARENAS)('%s, its ArrayBuffer taken away', (_name, Arena) => {
  describe.each(THIEVES)('by %s,', (_thief, steal) => {
    it('goes on at the next offset', async () => {
      using arena = new Arena(1 * MiB);
      const before = arena.alloc(100)!.fill(7);
      const stolen = await steal(arena.alloc(1000)!.fill(5));
      expect(stolen.at(-1)).toBe(stolen.length === 3 ? 3 : 5);
      expect(before).toHaveLength(0);
      const after = arena.alloc(200)!.fill(6);
      expect(after.byteOffset).toBe(1104);
      expect(arena.used).toBe(1304);
      expect(after.every((byte) => byte === 6)).toBe(true);
      expect(arena.owns(after)).toBe(true);
      expect(arena.views.u8[1104]).toBe(6);
    });

    it.each(['reset', 'renew'] as const)('shows the thief nothing of what comes after %s', async (way) => {
      using arena = new Arena(1 * MiB);
      const stolen = await steal(arena.alloc(1000)!);
      arena[way]();
      const fresh = arena.alloc(64 * KiB)!.fill(9);
      const all = new Uint8Array(stolen.buffer);
      expect(all.includes(9)).toBe(false);
      all.fill(8);
      expect(fresh.every((byte) => byte === 9)).toBe(true);
    });

    it('shows the thief nothing when the arena was used in between', async () => {
      using arena = new Arena(1 * MiB);
      const stolen = await steal(arena.alloc(1000)!);
      arena.alloc(10);
      arena.reset();
      const fresh = arena.alloc(64 * KiB)!.fill(9);
      new Uint8Array(stolen.buffer).fill(8);
      expect(fresh.every((byte) => byte === 9)).toBe(true);
      arena.reset();
      expect(arena.alloc(64 * KiB)!.includes(8)).toBe(false);
    });

    it('zeroes what the thief has written where nobody had allocated yet', async () => {
      using plain = new Arena(256 * KiB);
      using zeroed = new Arena(256 * KiB, { zeroed: true });
      for (const arena of [plain, zeroed]) {
        const stolen = await steal(arena.alloc(100)!);
        new Uint8Array(stolen.buffer).fill(8);
        expect(isZero(arena.allocZeroed(1000)!)).toBe(true);
        expect(isZero(arena.allocZeroed(20 * KiB)!)).toBe(true);
      }
      const again = await steal(zeroed.alloc(100)!);
      new Uint8Array(again.buffer).fill(8);
      const offset = zeroed.allocOffset(1000);
      expect(isZero(zeroed.views.u8.subarray(offset, offset + 1000))).toBe(true);
      expect(isZero(zeroed.alloc(1000)!)).toBe(true);
    });

    it('zeroes what the thief has written after a trim, too', async () => {
      using arena = new Arena(256 * KiB);
      const stolen = await steal(arena.alloc(100)!);
      arena.alloc(10);
      arena.trim();
      new Uint8Array(stolen.buffer).fill(8);
      expect(isZero(arena.allocZeroed(20 * KiB)!)).toBe(true);
    });

    it('does not own the blocks that went along', async () => {
      using arena = new Arena(1 * MiB);
      const gone = arena.alloc(10)!;
      await steal(arena.alloc(10)!);
      expect(arena.owns(gone)).toBe(false);
      expect(codeOf(() => arena.realloc(gone, 20))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      arena.alloc(10);
      expect(arena.owns(gone)).toBe(false);
    });

    it('leaves the thief valid memory after dispose', async () => {
      const arena = new Arena(1 * MiB);
      const stolen = await steal(arena.alloc(1000)!);
      arena.dispose();
      const all = new Uint8Array(stolen.buffer);
      all.fill(1);
      expect(all.at(-1)).toBe(1);
    });

    it('allocates every kind of block next', async () => {
      using arena = new Arena(1 * MiB, { zeroed: true });
      const next = [
        () => arena.alloc(8)!,
        () => arena.allocZeroed(8)!,
        () => arena.allocArray(Float64Array, 1)!,
        () => new Uint8Array(arena.buffer, arena.allocOffset(8), 8),
        () => arena.views.u8.subarray(arena.allocOffset(8)),
        () => arena.alloc(0)!,
      ];
      for (const allocate of next) {
        await steal(arena.alloc(100)!);
        const view = allocate();
        expect(view.buffer).toBe(arena.buffer);
        expect(isZero(Buffer.from(view.buffer, view.byteOffset, Math.min(8, view.byteLength)))).toBe(true);
      }
    });
  });

  it('goes on when it was empty, too', () => {
    for (const capacity of [0, 1 * MiB]) {
      using arena = new Arena(capacity);
      const steal = (buffer: ArrayBuffer): void => {
        try {
          structuredClone(buffer, { transfer: [buffer] });
        } catch (error) {
          expect((error as Error).name).toBe('DataCloneError'); // an external one
        }
      };
      for (let round = 0; round < 2; round++) {
        steal(arena.buffer);
        expect(arena.alloc(0)).toHaveLength(0);
        steal(arena.buffer);
        expect(arena.views.u8.length).toBe(arena.buffer.byteLength);
        steal(arena.alloc(0)!.buffer as ArrayBuffer);
        expect(arena.allocArray(Float64Array, 0)).toHaveLength(0);
        expect(arena.buffer).toBe(arena.buffer);
        arena.reset();
        steal(arena.buffer);
        arena.renew();
      }
      expect(arena.alloc(capacity, 1)).toHaveLength(capacity);
    }
  });

  it('by structured clone: the clone is a copy', () => {
    using arena = new Arena(256 * KiB);
    const block = arena.alloc(100)!.fill(1);
    const clone = structuredClone(block);
    block.fill(2);
    expect(clone.every((byte) => byte === 1)).toBe(true);
    // Posting a block copies the whole exposure; a Buffer of its own is the remedy.
    expect(clone.buffer.byteLength).toBe(arena.buffer.byteLength);
    expect(structuredClone(new Uint8Array(block)).buffer.byteLength).toBe(100);
    try {
      structuredClone(block, { transfer: [block.buffer as ArrayBuffer] });
    } catch (error) {
      expect((error as Error).name).toBe('DataCloneError');
    }
    expect(arena.alloc(10)!.fill(3)[9]).toBe(3);
    arena.reset();
    expect(arena.alloc(10)).toHaveLength(10);
  });
});

describe('BumpArenaLazy, an earlier, shorter exposure taken away,', () => {
  it('shows the thief nothing of what comes after reset', async () => {
    using arena = new BumpArenaLazy(8 * MiB);
    const early = arena.alloc(100)!;
    arena.alloc(1 * MiB);
    const stolen = await steal(early);
    arena.reset();
    const fresh = arena.alloc(1 * MiB)!.fill(9);
    expect(new Uint8Array(stolen.buffer).includes(9)).toBe(false);
    new Uint8Array(stolen.buffer).fill(8);
    expect(fresh.every((byte) => byte === 9)).toBe(true);
  });
});
