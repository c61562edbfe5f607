import { inspect } from 'node:util';

import { BumpArena, heap, KiB } from '../../lib';
import { settle } from '../support';
import { codeOf, transfer } from './support';

const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';
const DOUBLE = 'ERR_OFFHEAP_DOUBLE_FREE';

/** What each method that wants a live block says to this one. */
function codesFor(block: Buffer): (string | undefined)[] {
  return [
    codeOf(() => heap.realloc(block, 5)),
    codeOf(() => heap.lifetimeOf!(block)),
    codeOf(() => {
      heap.free(block);
    }),
  ];
}

describe('heap', () => {
  it('gives each block an ArrayBuffer of its own, of exactly the size that was asked for', () => {
    const blocks = [0, 1, 7, 8 * KiB, 64 * KiB].map((size) => heap.alloc(size)!);
    expect(blocks.map(({ length }) => length)).toEqual([0, 1, 7, 8 * KiB, 64 * KiB]);
    expect(blocks.map(({ buffer, byteOffset }) => [byteOffset, buffer.byteLength])).toEqual(
      blocks.map(({ length }) => [0, length]),
    );
    expect(new Set(blocks.map(({ buffer }) => buffer)).size).toBe(blocks.length);
    expect(blocks.every((block) => Buffer.isBuffer(block) && heap.owns(block))).toBe(true);
    blocks.forEach((block) => {
      heap.free(block);
    });
  });

  it('takes every alignment, for offsets are 0', () => {
    expect([1, 8, 4096, 2 ** 30].map((align) => heap.alloc(10, align)!.byteOffset % align)).toEqual([0, 0, 0, 0]);
  });

  it('tells a block that was freed from one that is not its own', () => {
    const block = heap.alloc(100)!;
    heap.free(block);
    expect(codesFor(block)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
    expect(codesFor(Buffer.from(block.buffer))).toEqual([DOUBLE, DOUBLE, DOUBLE]);
    using arena = new BumpArena(1 * KiB);
    for (const foreign of [Buffer.alloc(8), Buffer.allocUnsafe(8), Buffer.alloc(0), arena.alloc(8)!]) {
      expect(codesFor(foreign)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
    }
  });

  it('owns parts of a block, and gives back only the whole', () => {
    const block = heap.alloc(100)!;
    const parts = [block.subarray(0, 50), block.subarray(1), block.subarray(100), block.subarray(0, 0)];
    for (const part of parts) {
      expect(heap.owns(part)).toBe(true);
      expect(codesFor(part)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
    }
    const same = Buffer.from(block.buffer, 0, 100);
    expect(heap.owns(same)).toBe(true);
    heap.free(same);
    expect([block, same, ...parts].some((part) => heap.owns(part))).toBe(false);
    expect(codesFor(block)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
  });

  it('shrinks in place, and grows again in place to what the block had', () => {
    const block = heap.alloc(100)!.fill(7);
    const short = heap.realloc(block, 10)!;
    expect([short.length, short.buffer === block.buffer]).toEqual([10, true]);
    expect(heap.owns(short)).toBe(true);
    expect(heap.owns(block)).toBe(false);
    expect(heap.owns(Buffer.from(block.buffer, 5, 6))).toBe(false);
    expect(codesFor(block)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
    const long = heap.realloc(short, 100)!;
    expect([long.length, long.buffer === block.buffer]).toEqual([100, true]);
    expect(long.subarray(0, 10).every((byte) => byte === 7)).toBe(true);
    expect(codesFor(short)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
    heap.free(long);
    expect(codesFor(long)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
  });

  it('moves a block that grows, and has freed the old one then', () => {
    const block = heap.alloc(10)!.fill(7);
    const moved = heap.realloc(block, 11)!;
    expect([moved.length, moved.buffer === block.buffer]).toEqual([11, false]);
    expect([...moved.subarray(0, 10)]).toEqual(Array(10).fill(7));
    expect([heap.owns(block), heap.owns(moved)]).toEqual([false, true]);
    expect(codesFor(block)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
    heap.free(moved);
  });

  it('makes a block empty, and gives it back like any other', () => {
    const block = heap.alloc(10)!;
    const empty = heap.realloc(block, 0)!;
    expect([empty.length, heap.owns(empty), heap.owns(block)]).toEqual([0, true, false]);
    heap.free(empty);
    expect(codesFor(empty)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
    const none = heap.alloc(0)!;
    expect(heap.realloc(none, 5)).toHaveLength(5);
    expect(codesFor(none)).toEqual([DOUBLE, DOUBLE, DOUBLE]);
  });

  it('does not own a block whose ArrayBuffer was taken away', () => {
    for (const size of [0, 100]) {
      const block = heap.alloc(size)!;
      const lifetime = heap.lifetimeOf!(block)!;
      expect(lifetime.ended).toBe(false);
      transfer(block);
      expect(heap.owns(block)).toBe(false);
      expect(codesFor(block)).toEqual([FOREIGN, FOREIGN, FOREIGN]);
    }
  });

  it('answers null for more than a Buffer can have, and leaves the block as it was', () => {
    const tooLarge = [Number.MAX_SAFE_INTEGER, 2 ** 52];
    expect(tooLarge.map((size) => heap.alloc(size))).toEqual([null, null]);
    const block = heap.alloc(10)!.fill(3);
    expect(tooLarge.map((size) => heap.realloc(block, size))).toEqual([null, null]);
    expect([heap.owns(block), block.every((byte) => byte === 3)]).toEqual([true, true]);
    heap.free(block);
  });

  it('ends the lifetime of a block when that is freed or moves, and not when it shrinks', () => {
    const block = heap.alloc(10)!;
    const lifetime = heap.lifetimeOf!(block)!;
    expect(heap.lifetimeOf!(block)).toBe(lifetime);
    const short = heap.realloc(block, 5)!;
    expect(lifetime.ended).toBe(false);
    const moved = heap.realloc(short, 50)!;
    expect(lifetime.ended).toBe(true);
    const next = heap.lifetimeOf!(moved)!;
    expect(next.ended).toBe(false);
    heap.free(moved);
    expect(next.ended).toBe(true);
  });

  it('keeps nothing alive, be it live, freed, or asked for its lifetime', async () => {
    const references = ((): WeakRef<object>[] => {
      const live = heap.alloc(100)!;
      const freed = heap.alloc(100)!;
      heap.free(freed);
      const known = heap.alloc(100)!;
      const lifetime = heap.lifetimeOf!(known)!;
      const short = heap.realloc(heap.alloc(100)!, 10)!;
      return [live, freed, known, short].flatMap((block) => [
        new WeakRef<object>(block),
        new WeakRef<object>(block.buffer),
        new WeakRef<object>(lifetime),
      ]);
    })();
    await settle();
    expect(references.map((reference) => reference.deref())).toEqual(references.map(() => undefined));
  });

  it('refuses wrong arguments with the codes that Node has for them', () => {
    const block = heap.alloc(8)!;
    for (const wrong of ['8', null, 8n, {}, undefined] as never[]) {
      expect(codeOf(() => heap.alloc(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => heap.realloc(block, wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      expect(codeOf(() => heap.alloc(wrong))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => heap.realloc(block, wrong))).toBe('ERR_OUT_OF_RANGE');
    }
    for (const wrong of [0, 3, -8, 2 ** 31, 1.5]) {
      expect(codeOf(() => heap.alloc(8, wrong))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => heap.realloc(block, 8, wrong))).toBe('ERR_OUT_OF_RANGE');
    }
    expect(codeOf(() => heap.alloc(8, '8' as never))).toBe('ERR_INVALID_ARG_TYPE');
    for (const wrong of [null, undefined, 5, {}, [], new ArrayBuffer(8), new Proxy(block, {})] as Buffer[]) {
      expect(codesFor(wrong)).toEqual(Array(3).fill('ERR_INVALID_ARG_TYPE'));
      expect(codeOf(() => heap.owns(wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(heap.owns(block)).toBe(true);
    heap.free(block);
  });

  it('says what it is', () => {
    expect(inspect(heap)).toBe('heap {}');
  });
});
