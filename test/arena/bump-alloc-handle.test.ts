import { randomBytes } from 'node:crypto';

import { BumpAlloc, type BumpAllocHandle, KiB, memoryUsage, MiB } from '../../lib';
import { settle } from '../support';
import { codeOf } from './support';

const HANDLE = 'ERR_OFFHEAP_HANDLE';
const TYPE = 'offheap.BumpAlloc';

const attach = (handle: unknown): BumpAlloc => BumpAlloc.attach(handle as BumpAllocHandle);

describe('The handle of a BumpAlloc', () => {
  it('is small and plain, and the same before the first allocation and after it', () => {
    const alloc = BumpAlloc.withSize(64 * KiB);
    const { handle } = alloc;
    alloc.alloc(8);
    expect(alloc.handle).toEqual(handle);
    expect([Object.getPrototypeOf(handle) === Object.prototype, Object.keys(handle)]).toEqual([true, ['type', 'id']]);
    expect(handle).toEqual({ type: TYPE, id: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
    expect(JSON.stringify(handle).length).toBeLessThan(128);
  });

  it('is another one for each allocator', () => {
    const handles = Array.from({ length: 100 }, () => BumpAlloc.withSize(8).handle.id);
    expect(new Set(handles).size).toBe(100);
  });

  it('attaches to the same allocator in the same thread, as it is, cloned, or by way of JSON', () => {
    const alloc = BumpAlloc.withSize(64 * KiB);
    const block = alloc.alloc(8)!.fill(7);
    const { handle } = alloc;
    const copies: unknown[] = [
      handle,
      structuredClone(handle),
      JSON.parse(JSON.stringify(handle)),
      { ...handle, more: 1 },
      Object.assign(Object.create(null) as object, handle),
      Object.freeze({ ...handle }),
    ];
    for (const copy of copies) {
      const attached = attach(copy);
      expect(attached).toBe(alloc);
      expect([attached.owns(block), attached.bytesAt(0, 8)[7]]).toEqual([true, 7]);
    }
    expect(BumpAlloc.attach(BumpAlloc.withSize(8).handle)).not.toBe(alloc);
  });

  it('changes nothing by being changed', () => {
    const alloc = BumpAlloc.withSize(64 * KiB);
    const { handle } = alloc;
    const { id } = handle;
    (handle as { id: string }).id = 'x';
    expect([alloc.handle.id, codeOf(() => attach(handle)), BumpAlloc.attach(alloc.handle)]).toEqual([
      id,
      HANDLE,
      alloc,
    ]);
  });
});

describe('BumpAlloc.attach', () => {
  it.each([undefined, null, 5, 'x', true, 5n, Symbol('x'), () => 5, TYPE])(
    'refuses %p, which is no object',
    (wrong) => {
      expect(codeOf(() => attach(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(() => attach(wrong)).toThrow(/^The "handle" argument must be .*BumpAlloc/);
    },
  );

  it('refuses an object that is no handle', () => {
    const { id } = BumpAlloc.withSize(8).handle;
    const type = TYPE;
    const wrongIds = [
      ...[undefined, null, 5, {}, [id], '', 'x', `${id} `, `${id}\n`, ` ${id}`, id.slice(1), `${id}0`, id.slice(0, 31)],
      ...[`g${id.slice(1)}`, `${id.slice(1)}\0`, 'A'.repeat(32), '٣'.repeat(32), 'ü'.repeat(16), 'f'.repeat(1e6)],
      ...[Object(id) as unknown, { toString: () => id }, Buffer.from(id), 2n ** 127n],
    ];
    const wrong: unknown[] = [
      ...[{}, [], { id }, { type }, new Map(), Buffer.from(id), BumpAlloc.withSize(8)],
      ...[
        { type: 'BumpAlloc', id },
        { type: Object(type) as unknown, id },
        { type: null, id },
        { type: [type], id },
      ],
      ...wrongIds.map((each) => ({ type, id: each })),
    ];
    for (const handle of wrong) {
      expect([handle, codeOf(() => attach(handle))]).toEqual([handle, HANDLE]);
      expect(() => attach(handle)).toThrow(
        /malformed\. Expected \{ type: 'offheap.BumpAlloc', id: 32 hexadecimal digits/,
      );
    }
  });

  it('passes on what a getter throws, and reads a value once', () => {
    const alloc = BumpAlloc.withSize(8);
    const { id } = alloc.handle;
    for (const name of ['type', 'id']) {
      const throwing: unknown = Object.defineProperty({ ...alloc.handle }, name, {
        get(): never {
          throw Object.assign(new Error('from the getter'), { code: 'mine' });
        },
      });
      expect(codeOf(() => attach(throwing))).toBe('mine');
    }
    const changing = (values: unknown[]) => ({
      type: TYPE,
      get id() {
        return values.shift();
      },
    });
    expect(attach(changing([id, 5, 'x'.repeat(100)]))).toBe(alloc);
    expect(codeOf(() => attach(changing(['x', id, id])))).toBe(HANDLE);
    expect(codeOf(() => attach(changing([5, id, id])))).toBe(HANDLE);
  });

  it('refuses ids that nobody has made', async () => {
    await settle();
    const { reserved } = memoryUsage();
    expect(BumpAlloc.withSize(8).handle.id).toHaveLength(32);
    const forged = [
      ...Array.from({ length: 100 }, () => randomBytes(16).toString('hex')),
      '0'.repeat(32),
      'f'.repeat(32),
    ];
    for (const id of forged) {
      expect([id, codeOf(() => attach({ type: TYPE, id }))]).toEqual([id, HANDLE]);
    }
    expect(() => attach({ type: TYPE, id: forged[0] })).toThrow(/^There is no memory of this handle in this process/);
    expect(memoryUsage().reserved).toBeLessThanOrEqual(reserved);
  });

  it.each([true, false])('refuses one whose memory is gone, and views on it stay; reserved: %p', async (reserves) => {
    const make = (): { handle: BumpAllocHandle; block: Buffer | null; dropped: WeakRef<BumpAlloc> } => {
      const alloc = BumpAlloc.withSize(64 * KiB);
      const block = reserves ? alloc.alloc(10_000)!.fill(7) : null;
      return { handle: alloc.handle, block, dropped: new WeakRef(alloc) };
    };
    const { handle, block, dropped } = make();
    let code: string | undefined;
    for (let turn = 0; turn < 50 && code === undefined; turn++) {
      await settle(2);
      code = codeOf(() => attach(handle));
    }
    expect([code, dropped.deref(), codeOf(() => attach({ ...handle }))]).toEqual([HANDLE, undefined, HANDLE]);
    expect(block?.every((byte) => byte === 7)).toBe(reserves ? true : undefined);
  });

  it('keeps attaching as long as somebody has the allocator, or a record in it', async () => {
    const make = (): { handle: BumpAllocHandle; attached: BumpAlloc } => {
      const alloc = BumpAlloc.withSize(64 * KiB);
      alloc.alloc(8)!.fill(7);
      return { handle: alloc.handle, attached: BumpAlloc.attach(alloc.handle) };
    };
    const { handle, attached } = make();
    await settle();
    expect([BumpAlloc.attach(handle) === attached, attached.bytesAt(0, 1)[0]]).toEqual([true, 7]);
  });
});

describe('A BumpAlloc that is dropped', () => {
  it('gives its memory back, attached to or not', async () => {
    await settle();
    const before = memoryUsage().kinds.bumpAlloc;
    for (let round = 0; round < 200; round++) {
      const alloc = BumpAlloc.withSize(64 * MiB);
      alloc.alloc(1 * MiB)!.fill(1);
      if (round % 2 === 0) {
        BumpAlloc.attach(alloc.handle).alloc(100);
      }
      if (round % 50 === 49) {
        await settle(2);
      }
    }
    await settle(10);
    const after = memoryUsage().kinds.bumpAlloc;
    // What the last round has left on the stack may be there yet.
    expect(after.reserved - before.reserved).toBeLessThanOrEqual(2 * 64 * MiB);
    expect(after.resident - before.resident).toBeLessThan(8 * MiB);
  });

  it('keeps the contents of blocks that outlive it, and gives them back with the last one', async () => {
    await settle();
    const before = memoryUsage().kinds.bumpAlloc;
    const make = (): { dropped: WeakRef<BumpAlloc>; kept: { block?: Buffer } } => {
      const alloc = BumpAlloc.withSize(64 * MiB);
      return { dropped: new WeakRef(alloc), kept: { block: alloc.alloc(100_000)!.fill(7) } };
    };
    const { dropped, kept } = make();
    await settle();
    expect([dropped.deref(), kept.block!.every((byte) => byte === 7)]).toEqual([undefined, true]);
    delete kept.block;
    await settle(10);
    const after = memoryUsage().kinds.bumpAlloc;
    expect(after.reserved).toBeLessThanOrEqual(before.reserved);
    expect(after.retired).toBeLessThanOrEqual(before.retired);
  });
});
