import { array, BumpAlloc, KiB, memoryUsage, MiB, self, struct, u32 } from '../../lib';
import { settle } from '../support';
import { codeOf, DETACHES, isZero } from './support';
import { THIEVES } from './thieves';

const Node = struct({ id: u32, next: self, list: array(u32, 2) });

describe.each(THIEVES)('A BumpAlloc, its ArrayBuffer taken away by %s,', (_thief, steal) => {
  it('goes on at the next offset, with what it had', async () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    const before = alloc.alloc(100)!.fill(7);
    const stolen = await steal(alloc.alloc(1000)!.fill(5));
    expect([stolen.at(-1), before.length]).toEqual([stolen.length === 3 ? 3 : 5, 0]);
    const after = alloc.alloc(200)!.fill(6);
    expect([after.byteOffset, alloc.allocated, alloc.owns(after), alloc.views.u8[1104]]).toEqual([1104, 1304, true, 6]);
    const again = alloc.bytesAt(0, 100);
    expect([again.every((byte) => byte === 7), alloc.owns(again), alloc.offsetOf(again)]).toEqual([true, true, 0]);
  });

  it('does not own the blocks that went along', async () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    const gone = [alloc.alloc(10)!, alloc.alloc(0)!, alloc.allocArray(Float64Array, 2)!];
    await steal(alloc.alloc(10)!);
    for (let round = 0; round < 2; round++) {
      for (const block of gone) {
        const uses = [
          () => {
            alloc.free(block);
          },
          () => alloc.realloc(block, 0),
          () => alloc.realloc(block, 100),
          () => alloc.offsetOf(block),
          () => alloc.lifetimeOf(block),
        ];
        expect([alloc.owns(block), ...uses.map(codeOf)]).toEqual([
          false,
          ...uses.map(() => 'ERR_OFFHEAP_FOREIGN_BLOCK'),
        ]);
      }
      alloc.alloc(10);
    }
  });

  it('shows its memory again, at once, through `buffer`, `views` and `bytesAt`', async () => {
    const ways: ((alloc: BumpAlloc) => number | undefined)[] = [
      (alloc) => new Uint8Array(alloc.buffer)[50],
      (alloc) => alloc.views.u8[50],
      (alloc) => alloc.bytesAt(50, 1)[0],
      (alloc) => alloc.bytesAt(0, 100)[50],
    ];
    for (const read of ways) {
      const alloc = BumpAlloc.withSize(1 * MiB);
      alloc.alloc(100)!.fill(7);
      for (let theft = 0; theft < 3; theft++) {
        await steal(alloc.bytesAt(90, 10));
        expect(read(alloc)).toBe(7);
        expect([alloc.buffer.byteLength >= alloc.allocated, alloc.views.buffer === alloc.buffer]).toEqual([true, true]);
      }
    }
  });

  it('allocates every kind of block next', async () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    const next = [
      () => alloc.alloc(8)!,
      () => alloc.allocZeroed(8)!,
      () => alloc.allocArray(Float64Array, 1)!,
      () => new Uint8Array(alloc.buffer, alloc.allocOffset(8), 8),
      () => alloc.views.u8.subarray(alloc.allocOffset(8)),
      () => alloc.alloc(0)!,
      () => alloc.alloc(200 * KiB)!,
      () => alloc.realloc(alloc.bytesAt(0, 8), 100)!,
      () => alloc.realloc(alloc.bytesAt(alloc.allocated - 8, 8), 100)!,
    ];
    for (const allocate of next) {
      await steal(alloc.alloc(100)!);
      const view = allocate();
      expect([view.buffer === alloc.buffer, alloc.owns(alloc.bytesAt(view.byteOffset, 0))]).toEqual([true, true]);
    }
  });

  it('zeroes what the thief has written where nobody had allocated yet', async () => {
    const alloc = BumpAlloc.withSize(256 * KiB);
    for (let theft = 0; theft < 3; theft++) {
      const stolen = await steal(alloc.alloc(100)!);
      new Uint8Array(stolen.buffer).fill(8);
      for (const size of [1, 1000, 20 * KiB]) {
        expect(isZero(alloc.allocZeroed(size)!)).toBe(true);
      }
      new Uint8Array(stolen.buffer).fill(9); // and once more
      expect(isZero(alloc.allocZeroed(30 * KiB, 1)!)).toBe(true);
    }
  });

  it('zeroes what the thief of an earlier, shorter buffer has written', async () => {
    const alloc = BumpAlloc.withSize(8 * MiB);
    class Refusing extends Uint8Array {
      constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
        super(buffer, byteOffset, length);
        throw new Error('no view');
      }
    }
    const early = alloc.alloc(100)!;
    expect(() => alloc.allocArray(Refusing, 1 * MiB)).toThrow('no view'); // grows, and goes back
    expect(alloc.buffer).not.toBe(early.buffer);
    const stolen = await steal(early);
    new Uint8Array(stolen.buffer).fill(8);
    expect(isZero(alloc.allocZeroed(1000)!)).toBe(true);
  });

  it('zeroes what the thief writes while it is not looked at', async () => {
    const alloc = BumpAlloc.withSize(256 * KiB);
    const stolen = await steal(alloc.alloc(100)!);
    const offset = alloc.allocOffset(1000); // needs no buffer
    new Uint8Array(stolen.buffer).fill(8);
    expect([offset, isZero(alloc.allocZeroed(1000)!)]).toEqual([104, true]);
  });

  it('places records, all of whose fields are written, and keeps those it has', async () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    const node = alloc.place(Node, { id: 1, list: [1, 2] })!;
    const above = alloc.place(Node, { id: 2, next: node })!;
    const lifetime = alloc.lifetimeOf(alloc.alloc(8)!);
    const stolen = await steal(alloc.alloc(100)!);
    new Uint8Array(stolen.buffer, alloc.allocated).fill(8);
    const next = alloc.place(Node, { id: 3 })!;
    expect([next.id, next.next, [...next.list]]).toEqual([3, null, [0, 0]]);
    next.next = above;
    node.id = 10;
    expect([next.next.next!.id, [...node.list], lifetime.ended]).toEqual([10, [1, 2], false]);
    expect(alloc.lifetimeOf(alloc.alloc(8)!) === lifetime).toBe(true);
  });

  it('leaves the thief valid memory', async () => {
    const stolen = await steal(BumpAlloc.withSize(1 * MiB).alloc(1000)!);
    const all = new Uint8Array(stolen.buffer);
    all.fill(1);
    expect(all.at(-1)).toBe(1);
  });
});

describe('A BumpAlloc', () => {
  it.each([0, 1 * MiB])('of %i bytes goes on when its empty buffer is taken away, too', (capacity) => {
    const alloc = BumpAlloc.withSize(capacity);
    const steal = (buffer: ArrayBuffer): void => {
      try {
        structuredClone(buffer, { transfer: [buffer] });
      } catch (error) {
        expect((error as Error).name).toBe('DataCloneError'); // an external one
      }
    };
    for (let round = 0; round < 2; round++) {
      steal(alloc.buffer);
      expect(alloc.alloc(0)).toHaveLength(0);
      steal(alloc.buffer);
      expect(alloc.views.u8.length).toBe(alloc.buffer.byteLength);
      steal(alloc.alloc(0)!.buffer as ArrayBuffer);
      expect(alloc.allocArray(Float64Array, 0)).toHaveLength(0);
      expect(alloc.buffer).toBe(alloc.buffer);
      steal(alloc.buffer);
      expect([alloc.owns(alloc.alloc(0)!), alloc.bytesAt(0, 0).length]).toEqual([true, 0]);
    }
    expect(alloc.alloc(capacity, 1)).toHaveLength(capacity);
  });

  it('still reserves nothing before the first allocation when its empty buffer was taken away', async () => {
    await settle();
    const before = memoryUsage().kinds.bumpAlloc.reserved;
    const alloc = BumpAlloc.withSize(1 * MiB);
    structuredClone(alloc.buffer, { transfer: [alloc.buffer] });
    expect([alloc.buffer.byteLength, alloc.views.u8.length, alloc.bytesAt(0, 0).length]).toEqual([0, 0, 0]);
    expect([alloc.alloc(0)!.length, alloc.alloc(2 * MiB)]).toEqual([0, null]);
    expect(memoryUsage().kinds.bumpAlloc.reserved).toBe(before);
  });

  it('goes on when a getter, or a constructor, has the buffer taken away meanwhile', () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    const steal = (): void => {
      try {
        structuredClone(alloc.buffer, { transfer: [alloc.buffer] });
      } catch {
        // an external one
      }
      if (DETACHES) {
        alloc.buffer.transfer();
      }
    };
    const before = alloc.place(Node, { id: 1 })!;
    const node = alloc.place(Node, {
      get id() {
        steal();
        return 3;
      },
      next: before,
    })!;
    expect([node.id, node.next!.id]).toEqual([3, 1]);
    let thefts = 0;
    class Stealing extends Uint8Array {
      constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
        if (thefts++ === 0) {
          steal();
        }
        super(buffer, byteOffset, length);
      }
    }
    const { allocated } = alloc;
    const bytes = alloc.allocArray(Stealing, 100)!;
    expect([bytes.byteOffset, bytes.length, alloc.allocated, alloc.owns(bytes)]).toEqual([
      ...[allocated, 100, allocated + 100, true],
    ]);
  });

  it('copies a block that is cloned, with all that is committed', () => {
    const alloc = BumpAlloc.withSize(256 * KiB);
    const block = alloc.alloc(100)!.fill(1);
    const clone = structuredClone(block);
    block.fill(2);
    expect([clone.every((byte) => byte === 1), clone.buffer.byteLength]).toEqual([true, alloc.buffer.byteLength]);
    expect(codeOf(() => structuredClone(block, { transfer: [block.buffer as ArrayBuffer] })) ?? 25).toBe(25);
    expect([alloc.alloc(10)!.fill(3)[9], alloc.bytesAt(0, 1)[0]]).toEqual([3, 2]);
  });
});
