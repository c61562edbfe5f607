import { constants } from 'node:buffer';
import { runInNewContext } from 'node:vm';

import { type BumpArenaOptions, type RenewOptions, type TypedArrayConstructor } from '../../lib';
import { ARENAS, codeOf } from './support';

const WRONG_TYPES = ['8', 8n, null, {}, [], true, Symbol('8'), () => 8];
const OUT_OF_RANGE = [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53, 2 ** 60];
const NO_ALIGNMENTS = [0, 3, 6, 12, 100, -8, 2.5, 2 ** 31, 2 ** 33, ...OUT_OF_RANGE];

describe.each(ARENAS)('%s, given a wrong argument,', (_name, Arena) => {
  const sizes: [string, (arena: InstanceType<typeof Arena>, size: number) => unknown][] = [
    ['alloc', (arena, size) => arena.alloc(size)],
    ['allocZeroed', (arena, size) => arena.allocZeroed(size)],
    ['allocOffset', (arena, size) => arena.allocOffset(size)],
    ['allocArray', (arena, size) => arena.allocArray(Uint8Array, size)],
    ['realloc', (arena, size) => arena.realloc(arena.alloc(1)!, size)],
    ['the constructor', (_arena, size) => new Arena(size)],
  ];

  it.each(sizes)('%s refuses what is no size', (_method, use) => {
    using arena = new Arena(1024);
    const { used } = arena;
    for (const wrong of [...WRONG_TYPES, undefined] as unknown as number[]) {
      expect([wrong, codeOf(() => use(arena, wrong))]).toEqual([wrong, 'ERR_INVALID_ARG_TYPE']);
    }
    for (const wrong of OUT_OF_RANGE) {
      expect([wrong, codeOf(() => use(arena, wrong))]).toEqual([wrong, 'ERR_OUT_OF_RANGE']);
    }
    expect(arena.highWaterMark - used).toBeLessThan(256); // by realloc's blocks
  });

  const alignments: [string, (arena: InstanceType<typeof Arena>, align: number) => unknown][] = [
    ['alloc', (arena, align) => arena.alloc(8, align)],
    ['alloc of an empty block', (arena, align) => arena.alloc(0, align)],
    ['alloc of too much', (arena, align) => arena.alloc(1e9, align)],
    ['allocZeroed', (arena, align) => arena.allocZeroed(8, align)],
    ['allocOffset', (arena, align) => arena.allocOffset(8, align)],
    ['realloc', (arena, align) => arena.realloc(Buffer.alloc(8), 16, align)],
  ];

  it.each(alignments)('%s refuses what is no alignment', (_method, use) => {
    using arena = new Arena(1024);
    for (const wrong of WRONG_TYPES as unknown as number[]) {
      expect([wrong, codeOf(() => use(arena, wrong))]).toEqual([wrong, 'ERR_INVALID_ARG_TYPE']);
    }
    for (const wrong of NO_ALIGNMENTS) {
      expect([wrong, codeOf(() => use(arena, wrong))]).toEqual([wrong, 'ERR_OUT_OF_RANGE']);
    }
    expect(arena.used).toBe(0);
  });

  it('says what it expected and what it received', () => {
    using arena = new Arena(1024);
    expect(() => arena.alloc('12' as unknown as number)).toThrow(
      'The "size" argument must be of type number. Received type string ("12")',
    );
    expect(() => arena.alloc(-1)).toThrow(
      'The value of "size" is out of range. It must be an integer >= 0 && <= 9007199254740991. Received -1',
    );
    expect(() => arena.alloc(8, 12)).toThrow(
      'The value of "align" is out of range. It must be a power of two >= 1 && <= 1073741824. Received 12',
    );
    expect(() => arena.alloc(12n as unknown as number)).toThrow(TypeError);
    expect(() => arena.alloc(NaN)).toThrow(RangeError);
  });

  it('refuses blocks that are no views', () => {
    using arena = new Arena(1024);
    for (const wrong of [...WRONG_TYPES, undefined, new ArrayBuffer(8)] as unknown as Buffer[]) {
      expect(
        codeOf(() => {
          arena.free(wrong);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => arena.realloc(wrong, 1))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => arena.owns(wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
  });

  it('refuses what is no constructor of typed arrays, and takes that of another realm', () => {
    using arena = new Arena(1024);
    for (const wrong of [
      ...WRONG_TYPES,
      undefined,
      Array,
      Map,
      DataView,
    ] as unknown as TypedArrayConstructor<Uint8Array>[]) {
      expect(codeOf(() => arena.allocArray(wrong, 1))).toBe('ERR_INVALID_ARG_TYPE');
    }
    const Foreign = runInNewContext('Float32Array') as typeof Float32Array;
    expect(arena.allocArray(Foreign, 4)).toHaveLength(4);
  });

  it('refuses options and functions that are none', () => {
    using arena = new Arena(1024);
    for (const wrong of [1, 'zeroed', true, null] as unknown as BumpArenaOptions[]) {
      expect(codeOf(() => new Arena(1, wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(
        codeOf(() => {
          arena.renew(wrong as RenewOptions);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
      expect(
        codeOf(() => {
          arena.scope(wrong as () => void);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(codeOf(() => new Arena(1, { zeroed: 1 } as unknown as BumpArenaOptions))).toBe('ERR_INVALID_ARG_TYPE');
    expect(
      codeOf(() => {
        arena.renew({ detach: 'yes' } as unknown as RenewOptions);
      }),
    ).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('refuses a capacity that no ArrayBuffer can have, before it reserves anything', () => {
    if (constants.MAX_LENGTH < Number.MAX_SAFE_INTEGER) {
      expect(codeOf(() => new Arena(constants.MAX_LENGTH + 1))).toBe('ERR_OFFHEAP_TOO_LARGE');
      expect(() => new Arena(constants.MAX_LENGTH + 1)).toThrow(/4 GiB/);
    }
    const code = codeOf(() => new Arena(Number.MAX_SAFE_INTEGER));
    expect(['ERR_OFFHEAP_TOO_LARGE', 'ERR_OFFHEAP_OS']).toContain(code);
  });
});
