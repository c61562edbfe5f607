import { BumpAlloc, KiB, MiB } from '../../lib';
import { blocksOf, faultsOf, type Found, gateFor, SEED, sumOf, type Thread, withThreads } from './support';

const THREADS = 4;
const CHUNK = 64 * KiB;

/** Has every thread do the same at once. */
function together(threads: Thread[], alloc: BumpAlloc, command: string, args: object): Promise<Float64Array[]> {
  const gate = gateFor(threads.length);
  return Promise.all(
    threads.map(async (thread, number) => {
      await thread.ask('attach', alloc.handle);
      return thread.ask<Float64Array>(command, { ...args, thread: number, seed: SEED + number, gate });
    }),
  );
}

describe(`four threads that allocate at once (seed ${SEED})`, () => {
  test.each([
    ['20,000 blocks of 1 to 300 bytes', { count: 20_000, largest: 300 }, 64 * MiB, 1.5],
    [
      '10,000 blocks of 1 to 300 bytes while the memory grows from nothing',
      { count: 10_000, largest: 300 },
      8 * MiB,
      1.5,
    ],
    ['600 blocks of up to 200 KiB', { count: 600, largest: 200 * KiB }, 400 * MiB, 1.5],
    [
      '2,000 blocks about as large as a request may be that a chunk serves',
      { count: 2000, smallest: 15 * KiB, largest: 17 * KiB },
      256 * MiB,
      1.5,
    ],
    [
      '1,000 blocks of up to 20 KiB with alignments of up to 64 KiB',
      { count: 1000, largest: 20 * KiB, aligned: true },
      1000 * MiB,
      Infinity,
    ],
    [
      '3,000 blocks of up to 300 bytes with alignments of up to 64 KiB',
      { count: 3000, largest: 300, aligned: true },
      1000 * MiB,
      Infinity,
    ],
  ])('have %s of their own each', async (_title, args, capacity, overhead) => {
    await withThreads(THREADS, async (...threads) => {
      const alloc = BumpAlloc.withSize(capacity);
      const blocks = blocksOf(await together(threads, alloc, 'allocate', args));
      expect(blocks).toHaveLength(THREADS * args.count);
      expect(faultsOf(alloc, blocks)).toEqual([]);
      expect(alloc.allocated).toBeLessThanOrEqual(overhead * sumOf(blocks) + THREADS * CHUNK);
      expect(alloc.remaining).toBe(capacity - alloc.allocated);
    });
  });

  test('and the main thread, which allocates between them, have blocks of their own', async () => {
    await withThreads(2, async (...threads) => {
      const alloc = BumpAlloc.withSize(64 * MiB);
      const answers = together(threads, alloc, 'allocate', { count: 50_000, largest: 300 });
      const mine: Buffer[] = [];
      const state = { done: false };
      void answers.finally(() => (state.done = true));
      while (!state.done) {
        for (let i = 0; i < 20 && mine.length < 20_000; i++) {
          mine.push(alloc.alloc(100 + (i % 7), 1)!.fill(mine.length));
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      const blocks = blocksOf(await answers);
      expect(faultsOf(alloc, blocks)).toEqual([]);
      expect(mine.filter((block, i) => !block.every((byte) => byte === (i & 255)))).toEqual([]);
      const own = mine.map(({ byteOffset: offset, length: size }) => ({ offset, size }) as Found);
      expect(overlaps([...blocks, ...own])).toBe(0);
    });
  });
});

function overlaps(blocks: readonly Found[]): number {
  const sorted = blocks.toSorted((a, b) => a.offset - b.offset);
  return sorted.filter(({ offset }, i) => i > 0 && offset < sorted[i - 1]!.offset + sorted[i - 1]!.size).length;
}

describe('four threads that allocate until the memory is full', () => {
  test.each([
    ['1 MiB', MiB, [300, 24, 1]],
    ['no whole number of chunks', 3 * MiB + 12_345, [1000, 77, 1]],
    ['blocks that chunks serve and others', 4 * MiB, [100_000, 20_000, 16 * KiB, 500, 1]],
    ['less than 16 chunks of 64 KiB', 200_003, [64, 1]],
    ['small memory', 1000, [10, 1]],
    ['one byte', 1, [1]],
  ])('of %s are all refused in the end, when every byte is somebody’s', async (_title, capacity, sizes) => {
    await withThreads(THREADS, async (...threads) => {
      const alloc = BumpAlloc.withSize(capacity);
      const blocks = blocksOf(await together(threads, alloc, 'exhaust', { sizes }));
      expect(faultsOf(alloc, blocks)).toEqual([]);
      expect([alloc.allocated, alloc.remaining]).toEqual([capacity, 0]);
      // Only what was left at a chunk's end is nobody's, and a chunk is left when it has no room for a small block.
      const chunk = Math.min(CHUNK, Math.ceil(capacity / 16 / 64) * 64);
      const ends = [...blocks.slice(1).map(({ offset }) => offset), capacity];
      const gaps = blocks.map(({ offset, size }, i) => ends[i]! - offset - size);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(chunk / 4);
      expect(capacity - sumOf(blocks)).toBeLessThanOrEqual(capacity / 4);
      expect(blocks[0]!.offset).toBe(0);
    });
  });

  test('leave what one needs no more of to the others', async () => {
    await withThreads(1, async (other) => {
      const alloc = BumpAlloc.withSize(1 * MiB); // with chunks of 64 KiB
      for (const kib of [16, 16, 16, 1]) {
        alloc.alloc(kib * KiB, 1); // of the first chunk, in which 15 KiB are left
      }
      await other.ask('attach', alloc.handle);
      await other.ask('allocate', { thread: 0, count: 1, smallest: 930 * KiB, largest: 930 * KiB, seed: 1 });
      // Of the 30 KiB behind that, the block is all that pays: with it, less than 15 KiB would be left.
      expect(alloc.remaining).toBe((30 + 15) * KiB);
      expect(alloc.alloc(16 * KiB, 1)).toHaveLength(16 * KiB);
      expect(alloc.remaining).toBe((14 + 15) * KiB);
      expect([alloc.alloc(15 * KiB, 1), alloc.alloc(14 * KiB, 1)].map((block) => block?.length)).toEqual([
        15 * KiB,
        14 * KiB,
      ]);
      expect(alloc.remaining).toBe(0);
    });
  });

  test('grow a block in place as long as nobody has what follows, chunk or not', async () => {
    await withThreads(1, async (other) => {
      const alloc = BumpAlloc.withSize(64 * MiB);
      const small = alloc.alloc(8)!;
      await other.ask('attach', alloc.handle);
      await other.ask('allocate', { thread: 0, count: 1, largest: 8, smallest: 8, seed: 1 });
      let block = alloc.alloc(1 * MiB)!.fill(7);
      const { byteOffset } = block;
      const { allocated } = alloc;
      for (let size = 2 * MiB; size <= 8 * MiB; size += MiB) {
        block = alloc.realloc(block, size)!;
        expect([block.byteOffset, block.length, alloc.allocated - allocated]).toEqual([byteOffset, size, size - MiB]);
        expect([block[MiB - 1], block[MiB], block[size - 1]]).toEqual([7, 0, 0]);
      }
      // The small block is at the end of what this thread has used of its chunk, and grows there.
      expect(alloc.realloc(small, 16)!.byteOffset).toBe(small.byteOffset);
      await other.ask('allocate', { thread: 0, count: 1, largest: 1 * MiB, smallest: 1 * MiB, seed: 2 });
      const moved = alloc.realloc(block, 9 * MiB)!;
      expect([moved.byteOffset > byteOffset + 8 * MiB, moved[MiB - 1], moved[MiB]]).toEqual([true, 7, 0]);
    });
  });

  test('take nothing by requests that are refused', async () => {
    await withThreads(THREADS, async (...threads) => {
      const capacity = MiB + 100;
      const alloc = BumpAlloc.withSize(capacity);
      const answers = await together(threads, alloc, 'exhaust', { sizes: [2000] });
      const { allocated } = alloc;
      const sizes = [2000, 3000, 100_000, capacity, capacity + 1, 2 ** 40];
      const refused = await Promise.all(threads.map((thread) => thread.ask('refuse', { sizes, times: 2000 })));
      expect(refused).toEqual(Array(THREADS).fill(2 * sizes.length * 2000));
      expect(alloc.alloc(2000)).toBeNull();
      expect(alloc.allocated).toBe(allocated);
      expect(faultsOf(alloc, blocksOf(answers))).toEqual([]);
    });
  });

  test('take exactly what they get, where each block is taken by itself', async () => {
    await withThreads(THREADS, async (...threads) => {
      const [count, size] = [1500, 17_001];
      const alloc = BumpAlloc.withSize(128 * MiB);
      const blocks = blocksOf(await together(threads, alloc, 'mixWithRefusals', { count, size }));
      expect(faultsOf(alloc, blocks)).toEqual([]);
      expect(alloc.allocated).toBe(THREADS * count * size);
      expect(blocks.every(({ offset }, i) => offset === i * size)).toBe(true);
    });
  });
});
