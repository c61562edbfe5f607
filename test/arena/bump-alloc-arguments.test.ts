import { runInNewContext } from 'node:vm';

import { BumpAlloc, KiB, struct, text, type TypedArrayConstructor, u32 } from '../../lib';
import { codeOf } from './support';

const WRONG_TYPES = ['8', 8n, null, {}, [], true, Symbol('8'), () => 8];
const OUT_OF_RANGE = [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53, 2 ** 60];
const NO_ALIGNMENTS = [0, 3, 6, 12, 100, -8, 2.5, 2 ** 31, 2 ** 32, 2 ** 33, ...OUT_OF_RANGE];

describe('A BumpAlloc, given a wrong argument,', () => {
  const sizes: [string, (alloc: BumpAlloc, size: number) => unknown][] = [
    ['alloc', (alloc, size) => alloc.alloc(size)],
    ['allocZeroed', (alloc, size) => alloc.allocZeroed(size)],
    ['allocOffset', (alloc, size) => alloc.allocOffset(size)],
    ['allocArray', (alloc, size) => alloc.allocArray(Uint8Array, size)],
    ['realloc', (alloc, size) => alloc.realloc(alloc.bytesAt(0, 1), size)],
    ['bytesAt, for an offset,', (alloc, size) => alloc.bytesAt(size, 1)],
    ['bytesAt, for a length,', (alloc, size) => alloc.bytesAt(0, size)],
    ['withSize', (_alloc, size) => BumpAlloc.withSize(size)],
  ];

  it.each(sizes)('%s refuses what is no size', (_method, use) => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    alloc.alloc(1, 1);
    for (const wrong of [...WRONG_TYPES, undefined] as unknown as number[]) {
      expect([wrong, codeOf(() => use(alloc, wrong))]).toEqual([wrong, 'ERR_INVALID_ARG_TYPE']);
    }
    for (const wrong of OUT_OF_RANGE) {
      expect([wrong, codeOf(() => use(alloc, wrong))]).toEqual([wrong, 'ERR_OUT_OF_RANGE']);
    }
    expect(alloc.allocated).toBe(1);
  });

  const alignments: [string, (alloc: BumpAlloc, align: number) => unknown][] = [
    ['alloc', (alloc, align) => alloc.alloc(8, align)],
    ['alloc of an empty block', (alloc, align) => alloc.alloc(0, align)],
    ['alloc of too much', (alloc, align) => alloc.alloc(1e9, align)],
    ['allocZeroed', (alloc, align) => alloc.allocZeroed(8, align)],
    ['allocOffset', (alloc, align) => alloc.allocOffset(8, align)],
    ['realloc', (alloc, align) => alloc.realloc(Buffer.alloc(8), 16, align)],
    ['realloc in place', (alloc, align) => alloc.realloc(alloc.bytesAt(0, 1), 16, align)],
  ];

  it.each(alignments)('%s refuses what is no alignment', (_method, use) => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    alloc.alloc(1, 1);
    for (const wrong of WRONG_TYPES as unknown as number[]) {
      expect([wrong, codeOf(() => use(alloc, wrong))]).toEqual([wrong, 'ERR_INVALID_ARG_TYPE']);
    }
    for (const wrong of NO_ALIGNMENTS) {
      expect([wrong, codeOf(() => use(alloc, wrong))]).toEqual([wrong, 'ERR_OUT_OF_RANGE']);
    }
    expect([alloc.allocated, alloc.allocOffset(1, 1)]).toEqual([1, 1]);
  });

  it('says what it expected and what it received', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    expect(() => alloc.alloc('12' as unknown as number)).toThrow(
      'The "size" argument must be of type number. Received type string ("12")',
    );
    expect(() => alloc.alloc(8, 12)).toThrow(
      'The value of "align" is out of range. It must be a power of two >= 1 && <= 1073741824. Received 12',
    );
    expect(() => BumpAlloc.withSize(-1)).toThrow(
      'The value of "bytes" is out of range. It must be an integer >= 0 && <= 9007199254740991. Received -1',
    );
    expect(() => alloc.alloc(12n as unknown as number)).toThrow(TypeError);
    expect(() => alloc.alloc(NaN)).toThrow(RangeError);
  });

  it('refuses blocks that are no views', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    for (const wrong of [...WRONG_TYPES, undefined, new ArrayBuffer(8), alloc.buffer] as unknown as Buffer[]) {
      const uses = [
        () => {
          alloc.free(wrong);
        },
        () => alloc.realloc(wrong, 1),
        () => alloc.owns(wrong),
        () => alloc.offsetOf(wrong),
        () => alloc.lifetimeOf(wrong),
      ];
      expect(uses.map(codeOf)).toEqual(uses.map(() => 'ERR_INVALID_ARG_TYPE'));
      expect(uses.slice(0, 1).map((use) => errorTypeOf(use))).toEqual(['TypeError']);
    }
  });

  it('refuses what is no constructor of typed arrays, and takes that of another realm', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    for (const wrong of [...WRONG_TYPES, undefined, Array, Map, DataView] as unknown as (typeof Uint8Array)[]) {
      expect(codeOf(() => alloc.allocArray(wrong, 1))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(alloc.allocated).toBe(0);
    const Foreign = runInNewContext('Float32Array') as TypedArrayConstructor<Float32Array>;
    expect(alloc.allocArray(Foreign, 4)).toHaveLength(4);
  });

  it('places no struct that it cannot', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const refused: [() => unknown, string][] = [
      [() => alloc.place({} as never), 'ERR_INVALID_ARG_TYPE'],
      [() => alloc.place(Map), 'ERR_INVALID_ARG_TYPE'],
      [() => alloc.place(struct({ id: u32 }), null as never), 'ERR_INVALID_ARG_TYPE'],
      [() => alloc.place(struct({ name: text })), 'ERR_INVALID_ARG_VALUE'],
    ];
    expect(refused.map(([use]) => codeOf(use))).toEqual(refused.map(([, code]) => code));
    expect([alloc.allocated, alloc.buffer.byteLength]).toEqual([0, 0]);
  });

  it.each([5, 1024, 'x', null, {}, { bytes: 5 }, [5]])('has a constructor that takes nothing, and not %p', (wrong) => {
    const Wrong = BumpAlloc as unknown as new (argument: unknown) => BumpAlloc;
    expect(codeOf(() => new Wrong(wrong))).toBe('ERR_ILLEGAL_CONSTRUCTOR');
    expect(() => new Wrong(wrong)).toThrow(/BumpAlloc\.withSize\(bytes\)/);
  });
});

function errorTypeOf(fn: () => unknown): string | undefined {
  try {
    fn();
  } catch (error) {
    return (error as Error).constructor.name;
  }
  return undefined;
}
