import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { inspect } from 'node:util';
import * as workers from 'node:worker_threads';

import { BumpAlloc, GiB, KiB, memoryUsage, MiB, struct, type TypedArrayConstructor, u32 } from '../../lib';
import { settle } from '../support';
import { codeOf, isZero } from './support';

const Buffers = Buffer as unknown as TypedArrayConstructor<Buffer>;
const reserved = (): number => memoryUsage().kinds.bumpAlloc.reserved;

describe('A BumpAlloc, before the first allocation,', () => {
  it('has 1 GiB, or what it was told to have, and has allocated nothing', () => {
    expect(new BumpAlloc().capacity).toBe(1 * GiB);
    for (const capacity of [0, 1, 4099, 1 * GiB]) {
      const alloc = BumpAlloc.withSize(capacity);
      expect(alloc).toBeInstanceOf(BumpAlloc);
      expect([alloc.capacity, alloc.allocated, alloc.remaining, alloc.resident]).toEqual([capacity, 0, capacity, 0]);
    }
  });

  it('reserves nothing, whatever is read or refused', async () => {
    await settle();
    const before = reserved();
    const { committed } = memoryUsage().kinds.bumpAlloc;
    const alloc = BumpAlloc.withSize(1 * MiB);
    expect([alloc.handle.type, alloc.buffer.byteLength, alloc.views.u8.length]).toEqual(['offheap.BumpAlloc', 0, 0]);
    expect(BumpAlloc.attach(alloc.handle)).toBe(alloc);
    expect([alloc.alloc(0)!.length, alloc.allocOffset(0), alloc.bytesAt(0, 0).length]).toEqual([0, 0, 0]);
    expect([alloc.alloc(1 * MiB + 1), alloc.allocOffset(2 * MiB), alloc.allocArray(Float64Array, MiB)]).toEqual([
      null,
      -1,
      null,
    ]);
    expect(codeOf(() => alloc.alloc(-1))).toBe('ERR_OUT_OF_RANGE');
    expect([alloc.owns(Buffer.alloc(1)), inspect(alloc).length > 0, alloc.resident]).toEqual([false, true, 0]);
    expect(reserved()).toBe(before);
    alloc.alloc(1);
    expect(reserved() - before).toBe(1 * MiB);
    expect(memoryUsage().kinds.bumpAlloc.committed - committed).toBe(64 * KiB);
  });
});

describe('A BumpAlloc', () => {
  it('hands out Buffers of exactly the size asked for, one behind the other', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const first = alloc.alloc(10)!;
    const second = alloc.alloc(16)!;
    expect(Buffer.isBuffer(first)).toBe(true);
    expect([first.length, first.byteOffset, second.byteOffset, alloc.allocated]).toEqual([10, 0, 16, 32]);
    expect(second.buffer).toBe(alloc.buffer);
  });

  it('aligns to 8 unless told otherwise', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const offsets = [
      alloc.alloc(1)!.byteOffset,
      alloc.alloc(1)!.byteOffset,
      alloc.allocOffset(1),
      alloc.allocZeroed(1)!.byteOffset,
      alloc.alloc(1, 1)!.byteOffset,
      alloc.allocOffset(1, 256),
      alloc.allocZeroed(1, 2)!.byteOffset,
    ];
    expect(offsets).toEqual([0, 8, 16, 24, 25, 256, 258]);
  });

  it('lets blocks be written without touching their neighbours', () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    const sizes = [13, 300, 1, 20_000, 7, 100_000, 64];
    const blocks = sizes.map((size, i) => alloc.alloc(size, 1)!.fill(i + 1));
    expect(blocks.map((block, i) => block.every((byte) => byte === i + 1))).toEqual(sizes.map(() => true));
  });

  it('answers one byte too many with null or -1 and moves nothing', () => {
    const alloc = BumpAlloc.withSize(100);
    alloc.alloc(50, 1);
    expect([alloc.alloc(51, 1), alloc.allocZeroed(51, 1), alloc.allocArray(Uint8Array, 51)]).toEqual([
      null,
      null,
      null,
    ]);
    expect(alloc.allocOffset(51, 1)).toBe(-1);
    expect(alloc.alloc(50, 64)).toBeNull(); // alignment alone takes it past the end
    expect([alloc.allocated, alloc.remaining]).toEqual([50, 50]);
    expect(alloc.alloc(50, 1)!.byteOffset).toBe(50);
    expect([alloc.remaining, alloc.alloc(1, 1), alloc.allocOffset(1, 1)]).toEqual([0, null, -1]);
  });

  it('answers sizes up to the largest safe integer without overflow', () => {
    const alloc = BumpAlloc.withSize(4096);
    alloc.alloc(1);
    for (const size of [2 ** 31, 2 ** 32, 2 ** 32 + 8, 2 ** 52, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER]) {
      for (const align of [1, 8, 4096, 2 ** 30]) {
        expect([alloc.alloc(size, align), alloc.allocZeroed(size, align)]).toEqual([null, null]);
        expect(alloc.allocOffset(size, align)).toBe(-1);
      }
      expect([alloc.allocArray(Float64Array, size), alloc.realloc(alloc.alloc(0)!, size)]).toEqual([null, null]);
    }
    expect([alloc.allocated, alloc.allocOffset(1, 1)]).toEqual([1, 1]);
  });

  it('gives empty blocks for size 0, and never advances', () => {
    const alloc = BumpAlloc.withSize(128);
    const empties = (): number[] => [
      alloc.alloc(0)!.length,
      alloc.alloc(0, 4096)!.byteOffset % 4096,
      alloc.allocZeroed(0)!.length,
      alloc.allocArray(Float64Array, 0)!.length,
      alloc.allocArray(Buffers, 0)!.length,
      alloc.allocOffset(0, 64) % 64,
    ];
    for (const size of [3, 125]) {
      expect(empties()).toEqual([0, 0, 0, 0, 0, 0]);
      const { allocated } = alloc;
      expect([alloc.alloc(size, 1)!.length, alloc.allocated]).toEqual([size, allocated + size]);
    }
    expect([...empties(), alloc.remaining]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('works with a capacity of 0', () => {
    const alloc = BumpAlloc.withSize(0);
    expect([alloc.capacity, alloc.remaining, alloc.allocated, alloc.resident]).toEqual([0, 0, 0, 0]);
    expect([alloc.alloc(0)!.length, alloc.alloc(1), alloc.allocOffset(1, 1), alloc.allocZeroed(1)]).toEqual([
      ...[0, null, -1, null],
    ]);
    expect([alloc.buffer.byteLength, alloc.views.u8.length, alloc.bytesAt(0, 0).length]).toEqual([0, 0, 0]);
    expect([alloc.place(struct({ id: u32 })), alloc.realloc(alloc.alloc(0)!, 1)]).toEqual([null, null]);
    expect(BumpAlloc.attach(alloc.handle)).toBe(alloc);
    alloc.free(alloc.alloc(0)!);
    expect(alloc.owns(alloc.alloc(0)!)).toBe(true);
  });

  it.each([
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ] as TypedArrayConstructor<NodeJS.TypedArray>[])('makes arrays like %p, aligned to their elements', (type) => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    alloc.alloc(1, 1);
    const array = alloc.allocArray(type, 10)!;
    expect([array.constructor, array.length, array.byteOffset]).toEqual([type, 10, type.BYTES_PER_ELEMENT]);
    expect([alloc.owns(array), array.buffer === alloc.buffer]).toEqual([true, true]);
    expect(isZero(Buffer.from(array.buffer, array.byteOffset, array.byteLength))).toBe(true);
    const size = type.BYTES_PER_ELEMENT;
    const more = Math.floor(alloc.remaining / size);
    expect([alloc.allocArray(type, more + 1), alloc.allocArray(type, more)!.length]).toEqual([null, more]);
    expect(alloc.remaining).toBeLessThan(size);
  });

  it('makes Buffers of bytes', () => {
    const alloc = BumpAlloc.withSize(100);
    const bytes = alloc.allocArray(Buffers, 10)!;
    expect([Buffer.isBuffer(bytes), bytes.length, bytes.toString('hex')]).toEqual([true, 10, '00'.repeat(10)]);
    expect(bytes.constructor).toBe(alloc.alloc(1)!.constructor);
  });

  it('makes them without the warning that their constructor gives', () => {
    // In a process of its own: Node does not warn where jest is on the stack.
    const script = `require(${JSON.stringify(join(__dirname, '../../dist'))}).BumpAlloc.withSize(100).allocArray(Buffer, 10).fill(1)`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it.each([10, 16 * KiB, 1 * MiB])('keeps %i bytes of which a constructor may have given a view away', (length) => {
    const alloc = BumpAlloc.withSize(8 * MiB);
    const leaked: Uint8Array[] = [];
    class Refusing extends Uint8Array {
      constructor(buffer: ArrayBuffer, byteOffset: number, size: number) {
        super(buffer, byteOffset, size);
        leaked.push(this.fill(9));
        throw new Error('no view');
      }
    }
    for (const before of [0, 8, 90_000]) {
      alloc.alloc(before, 1);
      const { allocated } = alloc;
      expect(() => alloc.allocArray(Refusing, length)).toThrow('no view');
      expect(alloc.allocated).toBe(allocated + length);
      const next = alloc.alloc(length, 1)!;
      expect([next.byteOffset, isZero(next)]).toEqual([allocated + length, true]);
    }
    expect(leaked.map((view) => [view.length, view.every((byte) => byte === 9)])).toEqual(
      Array(3).fill([length, true]),
    );
  });

  it('keeps what a constructor has allocated before it threw', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const kept: Buffer[] = [];
    class Greedy extends Uint8Array {
      constructor(buffer: ArrayBuffer, byteOffset: number, size: number) {
        super(buffer, byteOffset, size);
        this.fill(9);
        kept.push(alloc.alloc(8)!.fill(kept.length + 1));
        throw new Error('no view');
      }
    }
    expect(() => alloc.allocArray(Greedy, 32)).toThrow('no view');
    const next = alloc.alloc(100)!;
    expect([isZero(next), kept.map((block, i) => block.every((byte) => byte === i + 1))]).toEqual([
      true,
      kept.map(() => true),
    ]);
    expect(kept.length).toBeGreaterThan(0);
    expect([...kept, next].map((block) => alloc.owns(block))).toEqual([...kept, next].map(() => true));
  });

  it('has fresh memory that is zero, before growth and after it', () => {
    const alloc = BumpAlloc.withSize(32 * MiB);
    for (let size = 1; size < 2 * MiB; size = 2 * size + 1) {
      const blocks = [alloc.alloc(size)!, alloc.allocZeroed(size)!, alloc.allocArray(Uint8Array, size)!];
      expect(blocks.map(isZero)).toEqual([true, true, true]);
      for (const block of blocks) {
        block.fill(255);
      }
      const offset = alloc.allocOffset(size);
      expect(isZero(alloc.bytesAt(offset, size))).toBe(true);
    }
  });

  it('has an offset that is the index into its views, and the same in all buffers', () => {
    const alloc = BumpAlloc.withSize(4 * MiB);
    const first = alloc.alloc(100)!;
    const small = alloc.buffer;
    const offset = alloc.allocOffset(3 * MiB);
    alloc.views.f64[offset / 8] = Math.PI;
    expect(alloc.buffer).not.toBe(small);
    expect(new Float64Array(alloc.buffer, offset, 1)[0]).toBe(Math.PI);
    expect(alloc.buffer.byteLength).toBeGreaterThanOrEqual(alloc.allocated);
    expect([alloc.views.buffer === alloc.buffer, alloc.views === alloc.views]).toEqual([true, true]);
    alloc.views.u8[5] = 42;
    new Uint8Array(small)[6] = 43;
    expect([first[5], first[6], alloc.views.u8[6], alloc.owns(first)]).toEqual([42, 43, 43, true]);
  });

  it('has views where the capacity is no multiple of an element', () => {
    const alloc = BumpAlloc.withSize(13);
    alloc.alloc(13, 1);
    expect([alloc.views.u8.length, alloc.views.f64.length, alloc.views.u16.length]).toEqual([13, 1, 6]);
  });

  it('shows its sizes', () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    expect(inspect(alloc)).toBe('BumpAlloc { allocated: 0 B, capacity: 1 MiB, resident: 0 B }');
    alloc.alloc(2048)!.fill(1);
    expect(inspect(alloc)).toMatch(/^BumpAlloc \{ allocated: 2 KiB, capacity: 1 MiB, resident: \d+ KiB \}$/);
    expect(alloc.resident).toBeGreaterThanOrEqual(2048);
  });

  it('is refused when it is cloned or posted, where the runtime can', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const { port1, port2 } = new MessageChannel();
    const names = [
      () => void structuredClone(alloc),
      () => {
        port1.postMessage({ alloc });
      },
    ].map((send) => {
      try {
        send();
      } catch (error) {
        return (error as Error).name;
      }
      return undefined;
    });
    port1.close();
    port2.close();
    const expected = 'markAsUncloneable' in workers ? 'DataCloneError' : undefined;
    expect(names).toEqual([expected, expected]);
  });
});
