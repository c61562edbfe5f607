import { constants } from 'node:buffer';

import fc from 'fast-check';

import { BumpAlloc, GiB, KiB, MiB } from '../../lib';
import { loadAddon } from '../../lib/native/load';
import { codeOf } from './support';

const { pageSize } = loadAddon().system;
const LARGEST = Math.min(constants.MAX_LENGTH, 16 * GiB);

const size = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 300 }), weight: 6 },
  { arbitrary: fc.constantFrom(16 * KiB - 1, 16 * KiB, 16 * KiB + 1, 64 * KiB, 100 * KiB, 1 * MiB), weight: 2 },
  { arbitrary: fc.integer({ min: 0, max: 70_000 }), weight: 1 },
);
const align = fc.oneof(
  { arbitrary: fc.constantFrom(1, 2, 4, 8, 16, 64), weight: 4 },
  { arbitrary: fc.integer({ min: 0, max: 20 }).map((power) => 2 ** power), weight: 1 },
);
const capacity = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 8 * MiB }),
  fc.constantFrom(64 * KiB, 100 * KiB, 1 * MiB, 1 * MiB + 1, 4 * MiB),
);

/** A pointer that goes up, which is all that an allocator comes to that no other thread uses. */
class Bump {
  used = 0;
  readonly capacity: number;

  constructor(bytes: number) {
    this.capacity = bytes;
  }

  /** Where a block lies; null where it takes no room, and may lie anywhere. */
  alloc(bytes: number, alignment: number): number | null {
    const offset = Math.ceil(this.used / alignment) * alignment;
    if (bytes === 0) {
      return null;
    }
    if (offset + bytes > this.capacity) {
      return -1;
    }
    this.used = offset + bytes;
    return offset;
  }
}

describe('A BumpAlloc that one thread uses', () => {
  it('allocates as a pointer that goes up, whatever the sizes and alignments', () => {
    fc.assert(
      fc.property(
        capacity,
        fc.array(fc.tuple(size, align, fc.boolean()), { maxLength: 300, size: 'max' }),
        (bytes, all) => {
          const alloc = BumpAlloc.withSize(bytes);
          const model = new Bump(bytes);
          for (const [length, alignment, makesView] of all) {
            const expected = model.alloc(length, alignment);
            const offset = makesView
              ? (alloc.alloc(length, alignment)?.byteOffset ?? -1)
              : alloc.allocOffset(length, alignment);
            // Not by `expect`, which would take most of the time.
            const is = [offset, alloc.allocated, alloc.remaining];
            const must = [expected ?? offset, model.used, bytes - model.used];
            if (is.join() !== must.join()) {
              expect([length, alignment, ...is]).toEqual([length, alignment, ...must]);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('can be filled to the last byte by blocks of any size', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constantFrom(64 * KiB, 100_001, 1 * MiB)),
        fc.oneof(fc.integer({ min: 8, max: 300 }), fc.constantFrom(1, 4 * KiB, 16 * KiB, 16_385, 64 * KiB, 100 * KiB)),
        (bytes, length) => {
          const alloc = BumpAlloc.withSize(bytes);
          let count = 0;
          while (alloc.allocOffset(length, 1) >= 0) {
            count++;
          }
          const rest = bytes % length;
          expect([count, alloc.remaining]).toEqual([Math.floor(bytes / length), rest]);
          expect([alloc.alloc(rest + 1, 1), alloc.alloc(rest, 1)?.length, alloc.remaining]).toEqual([null, rest, 0]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has lost nothing by failed allocations, and goes on at the next offset', () => {
    const sizes = [1, 24, 300, 20_000, 100_000];
    for (const [i, length] of sizes.entries()) {
      const alloc = BumpAlloc.withSize(200_000);
      alloc.allocOffset(length, 1);
      const before = [alloc.allocated, alloc.remaining];
      for (const bytes of [alloc.remaining + 1, 200_000, 1 * MiB, 2 ** 40]) {
        expect([alloc.allocOffset(bytes, 1), alloc.alloc(bytes), alloc.allocArray(Float64Array, bytes)]).toEqual([
          ...[-1, null, null],
        ]);
        expect([alloc.allocated, alloc.remaining]).toEqual(before);
      }
      expect(alloc.allocOffset(1, 512 * KiB)).toBe(-1); // alignment alone takes it past the end
      expect(alloc.allocOffset(sizes.at(-1 - i)!, 1)).toBe(length);
      const { allocated, remaining } = alloc;
      expect([alloc.allocOffset(remaining, 1), alloc.remaining]).toEqual([remaining > 0 ? allocated : 0, 0]);
    }
  });
});

describe('A BumpAlloc, on both sides of a border,', () => {
  const borders: [string, number][] = [
    ['a page', pageSize],
    ['64 KiB', 64 * KiB],
    ['2 MiB', 2 * MiB],
    ['2 GiB', 2 * GiB],
    ['4 GiB', 4 * GiB],
  ];
  const around = borders.flatMap(([name, bytes]) =>
    [-1, 0, 1].map((by): [string, number, number] => [name, by, bytes + by]),
  );

  it.each(around.filter(([, , bytes]) => bytes <= LARGEST))(
    'takes exactly a capacity of %s and %i',
    (_name, _by, bytes) => {
      const alloc = BumpAlloc.withSize(bytes);
      expect([alloc.allocOffset(bytes + 1, 1), alloc.allocated]).toEqual([-1, 0]);
      expect(alloc.allocOffset(bytes - 3, 1)).toBe(0);
      const last = alloc.alloc(3, 1)!;
      last.set([1, 2, 3]);
      expect([last.byteOffset, alloc.offsetOf(last), alloc.remaining]).toEqual([bytes - 3, bytes - 3, 0]);
      expect([...alloc.bytesAt(bytes - 3, 3)]).toEqual([1, 2, 3]);
      expect([alloc.allocOffset(1, 1), alloc.alloc(1, 1), alloc.alloc(0)!.length]).toEqual([-1, null, 0]);
    },
  );

  it.each(borders)('bumps, aligns, writes and grows across %s', (_name, border) => {
    if (border + 64 * KiB > LARGEST) {
      return;
    }
    const alloc = BumpAlloc.withSize(border + 64 * KiB);
    expect(alloc.allocOffset(border - 100, 1)).toBe(0);
    const last = alloc.alloc(4, 64)!;
    expect(last.byteOffset).toBe(border - 64);
    last.writeUInt32LE(0xdecafbad);
    const across = alloc.alloc(200, 8)!.fill(0xab);
    expect([across.byteOffset, alloc.views.u8[border], alloc.views.u8[border - 56]]).toEqual([border - 56, 0xab, 0xab]);
    const above = alloc.alloc(8, 256)!;
    expect(above.byteOffset).toBe(border + 256);
    above.writeDoubleLE(Math.E);
    expect(alloc.views.f64[(border + 256) / 8]).toBe(Math.E);
    const grown = alloc.realloc(above, 30_000)!;
    expect([grown.byteOffset, grown.readDoubleLE(), alloc.allocated]).toEqual([
      ...[border + 256, Math.E, border + 256 + 30_000],
    ]);
    expect([alloc.owns(last), alloc.owns(across), alloc.owns(grown)]).toEqual([true, true, true]);
    expect([last.readUInt32LE(), alloc.allocOffset(1, 1)]).toEqual([0xdecafbad, border + 30_256]);
    expect(alloc.resident).toBeLessThan(16 * MiB);
  });

  it.each([2 * GiB, 4 * GiB])('takes small blocks one behind the other across %i', (border) => {
    const bytes = Math.min(border + 1000, LARGEST);
    const alloc = BumpAlloc.withSize(bytes);
    alloc.allocOffset(border - 1000, 1);
    const offsets: number[] = [];
    for (let offset = alloc.allocOffset(24); offset >= 0; offset = alloc.allocOffset(24)) {
      offsets.push(offset);
    }
    expect(offsets).toEqual(
      Array.from({ length: Math.floor((bytes - border + 1000) / 24) }, (_, i) => border - 1000 + 24 * i),
    );
  });

  it('aligns to as much as 1 GiB', () => {
    const alloc = BumpAlloc.withSize(Math.min(4 * GiB, LARGEST));
    const offsets = [
      [1, 1],
      [1, 4 * KiB],
      [24, 8 * KiB],
      [1, 64 * KiB],
      [1, 2 * MiB],
      [1, 1 * GiB],
      [1, 1],
      [70_000, 1 * GiB],
      [5, 1],
      [1, 1 * GiB],
    ].map(([length, alignment]) => alloc.allocOffset(length!, alignment));
    expect(offsets).toEqual([
      ...[0, 4 * KiB, 8 * KiB, 64 * KiB, 2 * MiB, 1 * GiB, 1 * GiB + 1, 2 * GiB, 2 * GiB + 70_000, 3 * GiB],
    ]);
    expect([alloc.allocOffset(1, 1 * GiB), alloc.allocated]).toEqual([-1, 3 * GiB + 1]);
  });

  it('takes GiBs that are touched at the ends alone', () => {
    const alloc = BumpAlloc.withSize(LARGEST);
    const block = alloc.alloc(1 * GiB)!;
    block[block.length - 1] = 1;
    expect(alloc.alloc(2 * GiB)).not.toBeNull();
    expect(alloc.remaining).toBe(LARGEST - 3 * GiB);
    expect(alloc.resident).toBeLessThan(16 * MiB);
  });

  it('refuses a size that no ArrayBuffer can have', () => {
    const beyond = constants.MAX_LENGTH + 1;
    if (Number.isSafeInteger(beyond)) {
      expect(codeOf(() => BumpAlloc.withSize(beyond))).toBe('ERR_OFFHEAP_TOO_LARGE');
      expect(codeOf(() => BumpAlloc.withSize(Number.MAX_SAFE_INTEGER))).toBe('ERR_OFFHEAP_TOO_LARGE');
    }
    const most = BumpAlloc.withSize(constants.MAX_LENGTH);
    expect([most.capacity, most.remaining, most.allocated]).toEqual([constants.MAX_LENGTH, constants.MAX_LENGTH, 0]);
    expect(['ERR_OFFHEAP_OS', undefined]).toContain(codeOf(() => most.alloc(8)));
  });
});
