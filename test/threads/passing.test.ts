import { BumpAlloc, f64, KiB, layoutOf, MiB, struct, u32 } from '../../lib';
import { codeOf } from '../arena/support';
import { withThreads } from './support';

const Point = struct({ x: f64, y: f64, id: u32 });

/** Waits for a word to become what it should, without letting anything else run. */
function waitFor(words: Int32Array, value: number): void {
  const deadline = Date.now() + 30_000;
  while (Atomics.load(words, 0) !== value) {
    if (Date.now() > deadline) {
      throw new Error(`Waited for ${value}, and ${words[0]} is there`);
    }
  }
}

describe('without copying,', () => {
  test('a thread reads what another one has allocated and written, and writes back', async () => {
    await withThreads(2, async (one, two) => {
      const alloc = BumpAlloc.withSize(16 * MiB);
      await one.ask('attach', alloc.handle);
      await two.ask('attach', alloc.handle);
      for (const length of [1, 100, 20 * KiB, 3 * MiB]) {
        const bytes = new Uint8Array(length).map((_, i) => i * 7);
        const offset = await one.ask<number>('allocateOne', { bytes });
        const seen = alloc.bytesAt(offset, length);
        expect(seen.equals(bytes)).toBe(true);
        expect(alloc.offsetOf(seen)).toBe(offset);
        expect(alloc.owns(seen)).toBe(true);
        seen.fill(0xab);
        for (const thread of [one, two]) {
          const answer = await thread.ask<Uint8Array>('read', { offset, length });
          expect(answer.every((byte) => byte === 0xab)).toBe(true);
        }
      }
    });
  });

  test('what another thread has not allocated yet is out of range', async () => {
    await withThreads(1, async (thread) => {
      const alloc = BumpAlloc.withSize(MiB);
      await thread.ask('attach', alloc.handle);
      expect(codeOf(() => alloc.bytesAt(0, 1))).toBe('ERR_OUT_OF_RANGE');
      const offset = await thread.ask<number>('allocateOne', { bytes: Buffer.alloc(100) });
      expect(alloc.bytesAt(offset, 100)).toHaveLength(100);
      const { allocated } = alloc;
      expect(codeOf(() => alloc.bytesAt(allocated, 1))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => alloc.bytesAt(offset, allocated + 1))).toBe('ERR_OUT_OF_RANGE');
      // What is left of another thread's chunk counts as that thread's, but not what lies beyond.
      alloc.alloc(8);
      expect(await thread.ask('read', { offset: 2 * allocated - 8, length: 8 })).toEqual(new Uint8Array(8));
      const beyond = thread.ask('read', { offset: 2 * allocated - 8, length: 9 });
      await expect(beyond).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    });
  });

  test('two threads publish to each other by Atomics alone', async () => {
    await withThreads(1, async (thread) => {
      const rounds = 20_000;
      const alloc = BumpAlloc.withSize(MiB);
      await thread.ask('attach', alloc.handle);
      const block = alloc.alloc(16)!;
      const words = new Int32Array(block.buffer, block.byteOffset, 4);
      words[2] = ~0;
      const answer = thread.ask('playInTurns', { offset: alloc.offsetOf(block), rounds });
      await Promise.resolve(); // the message has been posted now
      for (let round = 0; round < rounds; round++) {
        words[1] = round * 3;
        words[2] = ~round;
        Atomics.store(words, 0, 2 * round + 1);
        waitFor(words, 2 * round + 2);
        if (words[1] !== -round || words[2] !== round * 5) {
          throw new Error(`Round ${round}: found ${words[1]} and ${words[2]}`);
        }
      }
      await answer;
      expect([...words]).toEqual([2 * rounds, 1 - rounds, 5 * (rounds - 1), 0]);
    });
  });

  test('threads count together', async () => {
    await withThreads(4, async (...threads) => {
      const times = 200_000;
      const alloc = BumpAlloc.withSize(MiB);
      const block = alloc.alloc(4)!;
      const offset = alloc.offsetOf(block);
      await Promise.all(threads.map((thread) => thread.ask('attach', alloc.handle)));
      await Promise.all(threads.map((thread) => thread.ask('count', { offset, times })));
      expect(block.readInt32LE()).toBe(threads.length * times);
    });
  });

  test('a record that one thread has placed is read by its layout, and changed, in another', async () => {
    await withThreads(1, async (thread) => {
      const alloc = BumpAlloc.withSize(MiB);
      const mine = alloc.place(Point, { x: 1, y: 2, id: 3 })!;
      await thread.ask('attach', alloc.handle);
      const { offset, end } = await thread.ask<{ offset: number; end: number }>('place', { x: 1.5, y: -2.5, id: 77 });
      const { size, offsets } = layoutOf(Point);
      expect(end).toBe(offset + size);
      const bytes = alloc.bytesAt(offset, size);
      expect([bytes.readDoubleLE(offsets.x), bytes.readDoubleLE(offsets.y), bytes.readUInt32LE(offsets.id)]).toEqual([
        1.5, -2.5, 77,
      ]);
      bytes.writeDoubleLE(12.25, offsets.y);
      expect(await thread.ask('record')).toEqual({ x: 1.5, y: 12.25, id: 77 });
      expect(mine.toObject()).toEqual({ x: 1, y: 2, id: 3 });
    });
  });
});
