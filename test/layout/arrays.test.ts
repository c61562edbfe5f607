import {
  array,
  bool,
  BumpArena,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  layoutOf,
  TypedArena,
  TypedArenaLazy,
  u16,
  u32,
  u64,
  u8,
} from '../../lib';
import { assign, BACKENDS, codeOf, expectRefused, structBy } from './support';

const NUMERIC = [
  ['i8', i8, Int8Array, [-128, 127, 0]],
  ['u8', u8, Uint8Array, [255, 0, 1]],
  ['i16', i16, Int16Array, [-32768, 32767, 0]],
  ['u16', u16, Uint16Array, [65535, 0, 1]],
  ['i32', i32, Int32Array, [-2147483648, 2147483647, 0]],
  ['u32', u32, Uint32Array, [4294967295, 0, 1]],
  ['f32', f32, Float32Array, [-0, NaN, 0.5]],
  ['f64', f64, Float64Array, [Infinity, 0.1, -0]],
  ['i64', i64, BigInt64Array, [-(2n ** 63n), 2n ** 63n - 1n, 0n]],
  ['u64', u64, BigUint64Array, [2n ** 64n - 1n, 0n, 1n]],
] as const;

describe.each(BACKENDS)('With %s accessors,', (_name, backend) => {
  const struct = structBy(backend);

  describe.each(NUMERIC)('an array of %s', (_type, type, TypedArray, values) => {
    const S = struct({ before: u8, x: array(type, 3), after: u8 });
    const init = (x: unknown): never => ({ before: 255, x, after: 255 }) as never;
    const zero = typeof values[0] === 'bigint' ? 0n : 0;

    it('is read as a typed array over the record itself', () => {
      using arena = new TypedArena(S, 2);
      const record = arena.alloc(init(values))!;
      expect(record.x).toBeInstanceOf(TypedArray);
      expect(record.x).toHaveLength(3);
      expect([...record.x]).toEqual(values);
      expect(record.x.byteOffset).toBe(layoutOf(S).offsets.x);
      record.x[2] = values[0];
      expect([...record.x]).toEqual([values[0], values[1], values[0]]);
      expect([record.before, record.after]).toEqual([255, 255]);
    });

    it('takes arrays, typed arrays and iterables, and fills what is left with zeroes', () => {
      using arena = new TypedArena(S, 20);
      const [a, b, c] = values;
      const inits: [unknown, unknown[]][] = [
        [values, [a, b, c]],
        [(TypedArray as typeof Uint8Array).from(values as never), [a, b, c]],
        [() => [a, b].values(), [a, b, zero]],
        [{ length: 1, 0: c }, [c, zero, zero]],
        [[], [zero, zero, zero]],
        [undefined, [zero, zero, zero]],
      ];
      for (const [given, expected] of inits) {
        const make = typeof given === 'function' ? (given as () => unknown) : (): unknown => given;
        const record = arena.alloc(init(make()))!;
        expect([...record.x]).toEqual(expected);
        assign(record, 'x', values);
        assign(record, 'x', make() ?? []);
        expect([...record.x]).toEqual(expected);
        expect([record.before, record.after]).toEqual([255, 255]);
      }
    });

    it('can be assigned a part of itself', () => {
      using arena = new TypedArena(S, 1);
      const record = arena.alloc(init(values))!;
      assign(record, 'x', record.x.subarray(1));
      expect([...record.x]).toEqual([values[1], values[2], zero]);
    });
  });

  it.each([
    [u8, [1, 2, 256], 'ERR_OUT_OF_RANGE', 2],
    [u8, [1.5], 'ERR_OUT_OF_RANGE', 0],
    [i16, [0, '1'], 'ERR_INVALID_ARG_TYPE', 1],
    [u32, [-1, 5], 'ERR_OUT_OF_RANGE', 0],
    [f64, [0, undefined], 'ERR_INVALID_ARG_TYPE', 1],
    [f32, [0, 1, 2n], 'ERR_INVALID_ARG_TYPE', 2],
    [i64, [1n, 1], 'ERR_INVALID_ARG_TYPE', 1],
    [u64, [-1n], 'ERR_OUT_OF_RANGE', 0],
    [bool, [true, 1], 'ERR_INVALID_ARG_TYPE', 1],
  ] as const)('an element that does not fit is refused, and named by its index', (type, bad, code, index) => {
    const good = type === i64 || type === u64 ? [1n, 2n, 3n] : type === bool ? [true, false, true] : [1, 2, 3];
    expectRefused(backend, array(type, 3), { good, bad, code, of: `[${index}]` });
  });

  it('more values than there are elements are refused', () => {
    const bad = [1, 2, 3, 4];
    expectRefused(backend, array(u8, 3), { good: [1, 2, 3], bad, code: 'ERR_OUT_OF_RANGE', of: '.length' });
    expectRefused(backend, array(f64, 0), { good: [], bad, code: 'ERR_OUT_OF_RANGE', of: '.length' });
  });

  it('what is no list of values is refused', () => {
    for (const bad of [null, 1, 'abc', true, {}, 1n, () => []]) {
      expectRefused(backend, array(u8, 3), { good: [1, 2, 3], bad, code: 'ERR_INVALID_ARG_TYPE' });
      expectRefused(backend, array(bool, 3), { good: [true], bad, code: 'ERR_INVALID_ARG_TYPE' });
    }
  });

  it('an iterable that throws changes nothing', () => {
    using arena = new TypedArena(struct({ x: array(u8, 3), y: array(bool, 3) }), 2);
    const record = arena.alloc({ x: [1, 2, 3], y: [true, true, true] })!;
    const failing = function* (value: unknown): Generator {
      yield value;
      throw new Error('enough');
    };
    expect(() => assign(record, 'x', failing(9))).toThrow('enough');
    expect(() => assign(record, 'y', failing(false))).toThrow('enough');
    expect(() => {
      record.y.set(failing(false) as never);
    }).toThrow('enough');
    expect(() => arena.push({ x: failing(9) as never })).toThrow('enough');
    expect(record.toJSON()).toEqual({ x: [1, 2, 3], y: [true, true, true] });
    expect(arena.length).toBe(1);
  });

  it.each([
    ['TypedArena', TypedArena],
    ['TypedArenaLazy', TypedArenaLazy],
  ] as const)('a typed array that was given out sees nothing of a later round of a %s', (_arena, Arena) => {
    const S = struct({ x: array(u32, 2) });
    using arena = new Arena(S, 1);
    const { x } = arena.alloc({ x: [1, 2] })!;
    arena.reset();
    const record = arena.alloc({ x: [8, 9] })!;
    expect(x[0]).not.toBe(8); // it may have been detached
    x[0] = 0;
    expect([...record.x]).toEqual([8, 9]);
  });

  it('an array of a stale record cannot be reached', () => {
    using arena = new BumpArena(64);
    const record = arena.place(struct({ x: array(u8, 4), y: array(bool, 4) }))!;
    const { y } = record;
    arena.reset();
    for (const use of [
      () => record.x,
      () => record.y,
      () => y.at(0),
      () => y[0],
      () => (y[0] = true),
      () => y.fill(true),
      () => [...y],
      () => assign(record, 'x', [1]),
    ]) {
      expect(codeOf(use)).toBe('ERR_OFFHEAP_STALE');
    }
  });

  it('arrays of arrays of numbers are arrays of typed arrays', () => {
    const S = struct({ m: array(array(f32, 2), 3) });
    expect(layoutOf(S)).toEqual({ size: 24, align: 4, offsets: { m: 0 } });
    using arena = new TypedArena(S, 2);
    const record = arena.alloc({ m: [[1, 2], new Float32Array([3])] })!;
    expect(record.toJSON()).toEqual({
      m: [
        [1, 2],
        [3, 0],
        [0, 0],
      ],
    });
    record.m[2]![1] = 6;
    assign(record.m, '0', [7]);
    expect(record.m.at(-1)).toEqual(new Float32Array([0, 6]));
    expect(record.toJSON()).toEqual({
      m: [
        [7, 0],
        [3, 0],
        [0, 6],
      ],
    });
    expect(codeOf(() => assign(record.m, '1', [1, 2, 3]))).toBe('ERR_OUT_OF_RANGE');
    expect(record.toJSON()).toEqual({
      m: [
        [7, 0],
        [3, 0],
        [0, 6],
      ],
    });
    expectRefused(backend, array(array(u8, 2), 2), {
      good: [[1, 2], [3]],
      bad: [
        [5, 6],
        [7, 256],
      ],
      code: 'ERR_OUT_OF_RANGE',
      of: '[1][1]',
    });
  });
});

describe('array()', () => {
  it('takes a field type, or a class of records', () => {
    for (const type of [undefined, null, 'u8', Uint8Array, Number, {}, 8, () => u8]) {
      expect(codeOf(() => array(type as never, 2))).toBe('ERR_INVALID_ARG_TYPE');
    }
  });

  it('takes a length from 0 to what 2^31 - 1 bytes hold', () => {
    for (const length of [-1, 0.5, NaN, 2 ** 31]) {
      expect(codeOf(() => array(u8, length))).toBe('ERR_OUT_OF_RANGE');
    }
    expect(codeOf(() => array(f64, 2 ** 28))).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => array(array(u8, 2 ** 16), 2 ** 16))).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => array(u8, '2' as never))).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(() => array(u8, 2 ** 31 - 1))).toBeUndefined();
  });
});
