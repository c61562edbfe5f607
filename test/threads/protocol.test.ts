import fc from 'fast-check';

import { KiB, MiB } from '../../lib';
import { codeOf, DETACHES } from '../arena/support';
import { settle } from '../support';
import { type Call, interleaved, loadCopies, steal } from './copies';
import { type Moment, type Operation, Protocol } from './protocol';

const THREADS = 4;
const noop = (): void => undefined;
const copies = loadCopies(THREADS);

const thread = fc.integer({ min: 0, max: THREADS - 1 });
const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const align = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 8) },
  { weight: 1, arbitrary: fc.constantFrom(2, 64, 4 * KiB, 8 * KiB, 64 * KiB) },
);
const size = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 300, max: 20 * KiB }) },
  { weight: 1, arbitrary: fc.integer({ min: 20 * KiB, max: 150 * KiB }) },
  { weight: 1, arbitrary: fc.constantFrom(4 * KiB, 16 * KiB, 16 * KiB + 1, 64 * KiB, 600 * KiB, 2 ** 40) },
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('alloc' as const, 'offset' as const), thread, size, align }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('realloc' as const), thread, size, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('read' as const), thread, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('steal' as const), thread }) },
);
/** By chance, hardly any block of more than a chunk's part grows where it is. */
const growing = fc
  .record({ thread, size: fc.integer({ min: 17 * KiB, max: 40 * KiB }), by: fc.integer({ min: 1, max: 40 * KiB }) })
  .map(({ thread, size, by }): Operation[] => [
    { do: 'alloc', thread, size, align: 8 },
    { do: 'realloc', thread, size: size + by, at: 0 },
  ]);
const operations = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.tuple(operation) }, { weight: 1, arbitrary: growing }), {
    minLength: 1,
    maxLength: 40,
  })
  .map((parts): Operation[] => parts.flat());
const moment: fc.Arbitrary<Moment> = fc.record({
  operations: fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(operation, { maxLength: 3 }) },
  ),
  refuses: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
});
const capacity = fc.oneof(
  fc.constantFrom(0, 1, 1000, 64 * KiB, 200 * KiB, 1024 * KiB),
  fc.integer({ min: 1, max: 1024 * KiB }),
);

const total = { nested: 0, lost: 0, won: 0, full: 0, refused: 0, behind: 0 };

function play(bytes: number, operations: readonly Operation[], schedule: readonly Moment[]): void {
  const first = copies[0]!.BumpAlloc.withSize(bytes);
  const { handle } = first;
  const others = copies.slice(1).map(({ BumpAlloc }) => BumpAlloc.attach(handle));
  const protocol = new Protocol([first, ...others], schedule);
  protocol.run(operations);
  for (const name of Object.keys(total) as (keyof typeof total)[]) {
    total[name] += protocol.counts[name];
  }
}

describe('copies of the library on the same memory, interleaved inside of allocations,', () => {
  afterEach(async () => {
    await settle(2);
  });

  // In several parts, so that memory is given back in between.
  test.each([1, 2, 3, 4, 5])('never get the same memory, and account for all of it (%i)', () => {
    const schedule = fc.array(moment, { maxLength: 200, size: 'max' });
    fc.assert(fc.property(capacity, operations, schedule, play), { numRuns: 100, interruptAfterTimeLimit: 20_000 });
  });

  // Found on Node 22 and later, where an ArrayBuffer can be taken away at once.
  test('take nothing where the system refuses an ArrayBuffer for a block that would be aligned', () => {
    const calm: Moment = { operations: [], refuses: false };
    const operations: Operation[] = [
      { do: 'alloc', thread: 0, size: 1, align: 1 },
      { do: 'steal', thread: 0 },
      { do: 'alloc', thread: 0, size: 10, align: 8 },
    ];
    // After the first allocation's steps, of which there are three or four, one refusal or several.
    for (let calms = 0; calms < 8; calms++) {
      for (const refusals of [1, 2, 3]) {
        play(64 * KiB, operations, [
          ...Array<Moment>(calms).fill(calm),
          ...Array<Moment>(refusals).fill({ ...calm, refuses: true }),
        ]);
      }
    }
  });

  test('take nothing for a record where the system refuses an ArrayBuffer for it', () => {
    const { BumpAlloc, struct, u32 } = copies[0]!;
    const Point = struct({ x: u32, y: u32 });
    const alloc = BumpAlloc.withSize(MiB);
    alloc.alloc(24);
    steal(alloc);
    const { allocated } = alloc;
    interleaved(
      ({ step }) => step === 'expose',
      noop,
      () => {
        // Where it cannot be stolen, it need not be exposed again.
        expect(codeOf(() => alloc.place(Point, { x: 1 }))).toBe(DETACHES ? 'ERR_OFFHEAP_OS' : undefined);
      },
    );
    expect(alloc.allocated - allocated).toBe(DETACHES ? 0 : 8);
    expect(alloc.place(Point, { x: 2 })!.x).toBe(2);
  });

  test('leave each other alone where a record is given up that was being written', () => {
    const [{ BumpAlloc, BumpArena, f64, ref, struct, u32 }, other] = [copies[0]!, copies[1]!];
    const Target = struct({ id: u32 });
    const Linked = struct({ x: f64, target: ref(() => Target) });
    const alloc = BumpAlloc.withSize(MiB);
    const theirs = other.BumpAlloc.attach(alloc.handle);
    alloc.alloc(20_000, 1);
    const foreign = new BumpArena(64).place(Target, { id: 1 })!;
    // Where the system refuses whole chunks, blocks of two threads lie side by side, with less between them than an alignment.
    const refuses = ({ step, args: [size] }: Call): boolean => step === 'commit' && size! > 64 * KiB;
    interleaved(refuses, noop, () => {
      alloc.alloc(4, 4);
      const block = theirs.alloc(1, 1)!.fill(77);
      expect(codeOf(() => alloc.place(Linked, { x: 1, target: foreign }))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      const next = alloc.alloc(1, 1)!;
      expect([block[0], next[0], alloc.offsetOf(next) > theirs.offsetOf(block)]).toEqual([77, 0, true]);
    });
  });

  test('have really got in each other’s way', () => {
    const { behind, ...others } = total;
    expect(behind).toBeGreaterThan(3);
    for (const count of Object.values(others)) {
      expect(count).toBeGreaterThan(100);
    }
  });
});
