import { BumpAlloc, type BumpAllocHandle, KiB, MiB } from '../../lib';
import { codeOf } from '../arena/support';
import { settle } from '../support';
import { comesTrue, reserved, withThreads } from './support';

const BYTES = Buffer.from('what outlives its thread');
const { length } = BYTES;

interface Made {
  handle: BumpAllocHandle;
  gone: WeakRef<BumpAlloc>;
  offset: number;
  /** Until another thread has it, somebody has to. */
  held: BumpAlloc | null;
}

/** In a function of its own, so that nothing else holds the allocator afterwards. */
function make(size: number): Made {
  const alloc = BumpAlloc.withSize(size);
  const block = alloc.alloc(length)!;
  BYTES.copy(block);
  return { handle: alloc.handle, gone: new WeakRef(alloc), offset: alloc.offsetOf(block), held: alloc };
}

describe('memory that threads share', () => {
  beforeEach(async () => {
    expect(await comesTrue(() => reserved() === 0)).toBe(true);
  });

  test('lasts when the thread that made it has dropped it, as long as another one has it', async () => {
    await withThreads(2, async (one, two) => {
      const made = make(MiB);
      const { handle, gone, offset } = made;
      await one.ask('attach', handle);
      made.held = null;
      expect(await comesTrue(() => gone.deref() === undefined)).toBe(true);
      await settle();
      expect(reserved()).toBe(MiB);
      expect(await one.ask('read', { offset, length })).toEqual(Uint8Array.from(BYTES));
      await two.ask('attach', handle);
      expect(await two.ask('read', { offset, length })).toEqual(Uint8Array.from(BYTES));

      await one.ask('drop');
      await settle();
      const next = await two.ask<number>('allocateOne', { bytes: Buffer.from('more') });
      expect(next).toBeGreaterThan(offset);
      const again = BumpAlloc.attach(handle);
      expect(again.bytesAt(offset, length)).toEqual(BYTES);
      expect(again.bytesAt(next, 4).toString()).toBe('more');
      expect(BumpAlloc.attach(handle)).toBe(again);
    });
  });

  test('is given back when the last one has dropped it, and then its handle is refused everywhere', async () => {
    await withThreads(2, async (one, two) => {
      const made = make(MiB);
      const { handle } = made;
      await one.ask('attach', handle);
      made.held = null;
      await one.ask('allocateOne', { bytes: BYTES });
      await one.ask('drop');
      expect(await comesTrue(() => codeOf(() => BumpAlloc.attach(handle)) === 'ERR_OFFHEAP_HANDLE')).toBe(true);
      expect(reserved()).toBe(0);
      for (const thread of [one, two]) {
        await expect(thread.ask('attach', handle)).rejects.toMatchObject({ code: 'ERR_OFFHEAP_HANDLE' });
      }
    });
  });

  test('lasts when the worker that made it has ended, and goes with the next one', async () => {
    let handle: BumpAllocHandle | null = null;
    let offset = 0;
    await withThreads(1, async (other) => {
      await withThreads(1, async (maker) => {
        handle = await maker.ask<BumpAllocHandle>('create', { bytes: 4 * MiB });
        await other.ask('attach', handle);
        offset = await maker.ask<number>('allocateOne', { bytes: BYTES });
      });
      expect(reserved()).toBeGreaterThanOrEqual(4 * MiB);
      expect(await other.ask('read', { offset, length })).toEqual(Uint8Array.from(BYTES));
      const large = await other.ask<number>('allocateOne', { bytes: Buffer.alloc(2 * MiB, 1) });
      expect(await other.ask('read', { offset: large + 2 * MiB - 1, length: 1 })).toEqual(Uint8Array.of(1));
    });
    expect(await comesTrue(() => reserved() === 0)).toBe(true);
    expect(codeOf(() => BumpAlloc.attach(handle!))).toBe('ERR_OFFHEAP_HANDLE');
  });

  test('stays under a view, though no thread has an allocator over it any more', async () => {
    await withThreads(1, async (thread) => {
      const handle = await thread.ask<BumpAllocHandle>('create', { bytes: MiB });
      const offset = await thread.ask<number>('allocateOne', { bytes: BYTES });
      const view = BumpAlloc.attach(handle).bytesAt(offset, length);
      await thread.ask('drop');
      expect(await comesTrue(() => codeOf(() => BumpAlloc.attach(handle)) === 'ERR_OFFHEAP_HANDLE')).toBe(true);
      expect(reserved()).toBe(0);
      await settle();
      expect(view).toEqual(BYTES);
      expect(view.fill(1)[length - 1]).toBe(1);
    });
  });

  test('loses nothing to a thread that ends, but the rest of its chunk', async () => {
    const { handle } = make(64 * MiB);
    const alloc = BumpAlloc.attach(handle);
    const offsets: number[] = [];
    for (let round = 0; round < 10; round++) {
      await withThreads(1, async (thread) => {
        await thread.ask('attach', handle);
        offsets.push(await thread.ask<number>('allocateOne', { bytes: BYTES }));
      });
    }
    expect(new Set(offsets).size).toBe(10);
    expect(offsets.every((offset) => alloc.bytesAt(offset, length).equals(BYTES))).toBe(true);
    expect(alloc.allocated).toBeLessThanOrEqual(11 * 64 * KiB);
    expect(alloc.alloc(10 * MiB)).toHaveLength(10 * MiB);
  });
});
