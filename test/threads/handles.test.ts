import { Worker } from 'node:worker_threads';

import { BumpAlloc, type BumpAllocHandle, KiB, MiB } from '../../lib';
import { comesTrue, common, gateFor, reserved, Thread, withThreads } from './support';

const FIRST = Buffer.from('from the worker');

describe('a handle', () => {
  test('reaches a worker as workerData, before anything is reserved, and the worker is the first to allocate', async () => {
    expect(await comesTrue(() => reserved() === 0)).toBe(true);
    const alloc = BumpAlloc.withSize(MiB);
    const thread = new Thread({ handle: alloc.handle });
    try {
      expect([reserved(), alloc.allocated, alloc.buffer.byteLength]).toEqual([0, 0, 0]);
      const offset = await thread.ask<number>('allocateOne', { bytes: FIRST });
      expect(reserved()).toBe(MiB);
      expect(alloc.allocated).toBe(64 * KiB);
      expect(alloc.bytesAt(offset, FIRST.length)).toEqual(FIRST);
    } finally {
      await thread.end();
    }
  });

  test('reaches a worker by postMessage, and is small', async () => {
    await withThreads(1, async (thread) => {
      const alloc = BumpAlloc.withSize(2 * MiB);
      expect(JSON.stringify(alloc.handle).length).toBeLessThan(100);
      expect(await thread.ask('attach', alloc.handle)).toEqual({ capacity: 2 * MiB, allocated: 0 });
      const block = alloc.alloc(5)!.fill(7);
      expect(await thread.ask('read', { offset: alloc.offsetOf(block), length: 5 })).toEqual(new Uint8Array(5).fill(7));
      await thread.ask('write', { offset: block.byteOffset, bytes: Buffer.from('world') });
      expect(block.toString()).toBe('world');
    });
  });

  test('reaches what a worker has started itself, and leads to the same memory', async () => {
    await withThreads(1, async (thread) => {
      const alloc = BumpAlloc.withSize(MiB);
      const nest = <T>(command: string, args: unknown) =>
        thread.ask<T>('nest', { handle: alloc.handle, command, args });
      const offset = await nest<number>('allocateOne', { bytes: FIRST });
      expect(alloc.bytesAt(offset, FIRST.length)).toEqual(FIRST);
      const deeper = { handle: alloc.handle, command: 'allocateOne', args: { bytes: Buffer.from('deeper') } };
      const next = await nest<number>('nest', deeper);
      expect(alloc.bytesAt(next, 6).toString()).toBe('deeper');
      expect(next).not.toBe(offset);
      expect(await nest('read', { offset: next, length: 6 })).toEqual(Uint8Array.from(Buffer.from('deeper')));
    });
  });

  test('reaches the main thread from a worker that has made the memory', async () => {
    await withThreads(2, async (maker, other) => {
      const handle = await maker.ask<BumpAllocHandle>('create', { bytes: 3 * MiB });
      const alloc = BumpAlloc.attach(handle);
      expect(alloc.capacity).toBe(3 * MiB);
      const offset = await maker.ask<number>('allocateOne', { bytes: FIRST });
      expect(alloc.bytesAt(offset, FIRST.length)).toEqual(FIRST);
      await other.ask('attach', alloc.handle);
      expect(alloc.handle).toEqual(handle);
      expect(await other.ask('read', { offset, length: FIRST.length })).toEqual(Uint8Array.from(FIRST));
    });
  });

  test('that is forged, or malformed, is refused by every thread', async () => {
    await withThreads(1, async (thread) => {
      const { handle } = BumpAlloc.withSize(MiB);
      const forged = [
        { ...handle, id: '0'.repeat(32) },
        { ...handle, id: handle.id.toUpperCase() + 'F' },
        { id: handle.id },
      ];
      for (const each of forged) {
        await expect(thread.ask('attach', each)).rejects.toMatchObject({ code: 'ERR_OFFHEAP_HANDLE' });
      }
      await expect(thread.ask('attach', null)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
      await expect(thread.ask('attach', handle)).resolves.toMatchObject({ capacity: MiB });
    });
  });

  test('may be shared by a worker that does not use it', async () => {
    const alloc = BumpAlloc.withSize(MiB);
    const worker = new Worker('', { eval: true, workerData: alloc.handle });
    await new Promise((resolve) => worker.once('exit', resolve));
    expect(alloc.alloc(MiB)).toHaveLength(MiB);
  });
});

describe('two threads that race for the first allocation', () => {
  const ROUNDS = 200;

  test('reserve memory once, and get different blocks', async () => {
    await withThreads(2, async (one, two) => {
      expect(await comesTrue(() => reserved() === 0)).toBe(true);
      const allocs: BumpAlloc[] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        const alloc = BumpAlloc.withSize(MiB);
        allocs.push(alloc);
        const race = { handle: alloc.handle, gate: gateFor(2) };
        const [first, second] = await Promise.all([
          one.ask<number>('race', { ...race, byte: 1 }),
          two.ask<number>('race', { ...race, byte: 2 }),
        ]);
        expect([first, second].sort((a, b) => a - b)).toEqual([0, 64 * KiB]);
        expect(alloc.allocated).toBe(128 * KiB);
        expect(new Set(alloc.bytesAt(first, 100))).toEqual(new Set([1]));
        expect(new Set(alloc.bytesAt(second, 100))).toEqual(new Set([2]));
        expect(reserved()).toBe(round * MiB);
      }
      expect(allocs).toHaveLength(ROUNDS);
    });
    expect(await comesTrue(() => reserved() === 0)).toBe(true);
  });

  test('also where one of them is the main thread', async () => {
    await withThreads(1, async (thread) => {
      const allocs: BumpAlloc[] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        const alloc = BumpAlloc.withSize(MiB);
        allocs.push(alloc);
        const gate = gateFor(2);
        const answer = thread.ask<number>('race', { handle: alloc.handle, gate, byte: 1 });
        await Promise.resolve(); // the message has been posted now
        common.spin(gate);
        const mine = alloc.alloc(100)!.fill(2);
        const theirs = await answer;
        expect([mine.byteOffset, theirs].sort((a, b) => a - b)).toEqual([0, 64 * KiB]);
        expect(new Set(alloc.bytesAt(theirs, 100))).toEqual(new Set([1]));
        expect(new Set(mine)).toEqual(new Set([2]));
        expect(reserved()).toBe(round * MiB);
      }
    });
  });
});
