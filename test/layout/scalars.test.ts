import fc from 'fast-check';

import {
  bool,
  BumpArena,
  f32,
  f64,
  i128,
  i16,
  i32,
  i64,
  i8,
  layoutOf,
  TypedArena,
  u128,
  u16,
  u32,
  u64,
  u8,
} from '../../lib';
import { assign, BACKENDS, codeOf, expectRefused, structBy } from './support';

const INTEGERS = [
  ['i8', i8, -128, 127],
  ['u8', u8, 0, 255],
  ['i16', i16, -32768, 32767],
  ['u16', u16, 0, 65535],
  ['i32', i32, -2147483648, 2147483647],
  ['u32', u32, 0, 4294967295],
] as const;

const BIGINTS = [
  ['i64', i64, -(2n ** 63n), 2n ** 63n - 1n],
  ['u64', u64, 0n, 2n ** 64n - 1n],
  ['i128', i128, -(2n ** 127n), 2n ** 127n - 1n],
  ['u128', u128, 0n, 2n ** 128n - 1n],
] as const;

const NO_NUMBERS = ['1', '', null, true, 1n, {}, [1], new Number(1), Symbol('one'), () => 1];
const NO_BIGINTS = ['1', '', null, true, 1, {}, [1n], Symbol('one'), () => 1n];

describe.each(BACKENDS)('With %s accessors,', (_name, backend) => {
  const struct = structBy(backend);

  describe.each(INTEGERS)('%s', (_type, type, min, max) => {
    const S = struct({ before: u8, x: type, after: u8 });

    it('takes every integer in its range, in every way to write one', () => {
      using arena = new TypedArena(S, 100);
      using bump = new BumpArena(1024);
      for (const x of [min, min + 1, 0, 1, max - 1, max]) {
        const record = arena.alloc({ before: 255, x, after: 255 })!;
        expect(record.x).toBe(x);
        record.x = max;
        record.x = x;
        expect(record.x).toBe(x);
        expect(arena.at(arena.push({ x })).x).toBe(x);
        expect(arena.at(arena.pushValues(1, x, 2)).toObject()).toEqual({ before: 1, x, after: 2 });
        expect(bump.place(S, { x })!.x).toBe(x);
        expect(record.toObject()).toEqual({ before: 255, x, after: 255 });
      }
    });

    it.each([min - 1, max + 1, 0.5, max - 0.5, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53)])('refuses %d', (bad) => {
      expectRefused(backend, type, { good: max, bad, code: 'ERR_OUT_OF_RANGE' });
    });

    it('refuses what is no number', () => {
      for (const bad of NO_NUMBERS) {
        expectRefused(backend, type, { good: max, bad, code: 'ERR_INVALID_ARG_TYPE' });
      }
    });

    it('stores -0 as 0', () => {
      using arena = new TypedArena(S, 1);
      const record = arena.alloc({ x: -0 })!;
      expect(Object.is(record.x, 0)).toBe(true);
      record.x = -0;
      expect(Object.is(record.x, 0)).toBe(true);
    });
  });

  describe.each(BIGINTS)('%s', (_type, type, min, max) => {
    const S = struct({ before: u8, x: type, after: u8 });

    it('takes every bigint in its range, in every way to write one', () => {
      using arena = new TypedArena(S, 100);
      using bump = new BumpArena(4096);
      const middle = [1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, max / 3n, min / 3n];
      for (const x of [min, min + 1n, 0n, ...middle, max - 1n, max]) {
        const record = arena.alloc({ before: 255, x, after: 255 })!;
        expect(record.x).toBe(x);
        record.x = max;
        record.x = x;
        expect(record.x).toBe(x);
        expect(arena.at(arena.push({ x })).x).toBe(x);
        expect(arena.at(arena.pushValues(1, x, 2)).toObject()).toEqual({ before: 1, x, after: 2 });
        expect(bump.place(S, { x })!.x).toBe(x);
        expect(record.toObject()).toEqual({ before: 255, x, after: 255 });
      }
    });

    it('refuses bigints out of its range', () => {
      for (const bad of [min - 1n, max + 1n, 2n ** 200n, -(2n ** 200n)]) {
        expectRefused(backend, type, { good: max, bad, code: 'ERR_OUT_OF_RANGE' });
      }
    });

    it('refuses what is no bigint, numbers included', () => {
      for (const bad of NO_BIGINTS) {
        expectRefused(backend, type, { good: max, bad, code: 'ERR_INVALID_ARG_TYPE' });
      }
    });
  });

  describe.each([
    ['f32', f32],
    ['f64', f64],
  ] as const)('%s', (name, type) => {
    const S = struct({ x: type });
    const round = name === 'f32' ? Math.fround : (x: number): number => x;
    const extremes = [Number.MAX_VALUE, Number.MIN_VALUE, Number.EPSILON, 0.1, 1 / 3, 16777217, 2 ** 127, 2 ** -149];

    it.each([0, -0, 1.5, Infinity, -Infinity, NaN, ...extremes])('takes %d', (x) => {
      using arena = new TypedArena(S, 3);
      const record = arena.alloc({ x })!;
      expect(Object.is(record.x, round(x))).toBe(true);
      record.x = -x;
      expect(Object.is(record.x, round(-x))).toBe(true);
      expect(Object.is(arena.at(arena.pushValues(x)).x, round(x))).toBe(true);
    });

    it('refuses what is no number', () => {
      for (const bad of NO_NUMBERS) {
        expectRefused(backend, type, { good: 1.5, bad, code: 'ERR_INVALID_ARG_TYPE' });
      }
    });
  });

  describe('bool', () => {
    it('takes true and false, in one byte', () => {
      const S = struct({ a: bool, b: bool });
      expect(layoutOf(S)).toEqual({ size: 2, align: 1, offsets: { a: 0, b: 1 } });
      using arena = new TypedArena(S, 4);
      const record = arena.alloc({ a: true })!;
      expect(record.toObject()).toEqual({ a: true, b: false });
      record.a = false;
      record.b = true;
      expect(record.toObject()).toEqual({ a: false, b: true });
      expect(arena.at(arena.pushValues(true, true)).toObject()).toEqual({ a: true, b: true });
    });

    it('is true for every byte that is not 0', () => {
      using arena = new BumpArena(8);
      const record = arena.place(struct({ a: bool }))!;
      arena.views.u8[0] = 7;
      expect([record.a, record.toObject()]).toEqual([true, { a: true }]);
    });

    it('refuses everything else, truthy or not', () => {
      for (const bad of [0, 1, 'true', '', null, {}, 1n]) {
        expectRefused(backend, bool, { good: true, bad, code: 'ERR_INVALID_ARG_TYPE' });
      }
    });
  });

  it('a field that an init object does not name, or names with undefined, is zero', () => {
    const S = struct({ a: u8, b: f32, c: f64, d: i64, e: u128, f: bool });
    const zero = { a: 0, b: 0, c: 0, d: 0n, e: 0n, f: false };
    using arena = new TypedArena(S, 10);
    using bump = new BumpArena(1024);
    const inits = [
      undefined,
      {},
      { a: undefined, b: undefined, c: undefined, d: undefined, e: undefined, f: undefined },
    ];
    for (const init of inits) {
      expect(arena.alloc(init)!.toObject()).toEqual(zero);
      expect(arena.at(arena.push(init)).toObject()).toEqual(zero);
      expect(bump.place(S, init)!.toObject()).toEqual(zero);
    }
  });

  it('undefined cannot be assigned, nor be one of pushValues', () => {
    const S = struct({ a: u8, d: i64, f: bool });
    using arena = new TypedArena(S, 3);
    const record = arena.alloc({ a: 1, d: 1n, f: true })!;
    for (const name of ['a', 'd', 'f']) {
      expect(codeOf(() => assign(record, name, undefined))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(codeOf(() => arena.pushValues(1, undefined as never, true))).toBe('ERR_INVALID_ARG_TYPE');
    expect(arena.length).toBe(1);
    expect(record.toObject()).toEqual({ a: 1, d: 1n, f: true });
  });

  it.each([0, 2, 4])('pushValues refuses %d values for three fields', (count) => {
    const S = struct({ a: u8, b: u8, c: u8 });
    using arena = new TypedArena(S, 3);
    expect(codeOf(() => arena.pushValues(...Array.from({ length: count }, () => 1)))).toBe('ERR_OUT_OF_RANGE');
    expect(arena.length).toBe(0);
  });

  it('whatever is written is read again, next to other records', () => {
    const S = struct({ a: i8, b: u32, c: f32, d: f64, e: i64, f: u128, g: bool, h: u16, i: i128, j: u64 });
    using arena = new TypedArena(S, 64);
    const value = fc.record({
      a: fc.integer({ min: -128, max: 127 }),
      b: fc.nat(2 ** 32 - 1),
      c: fc.float(),
      d: fc.double(),
      e: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      f: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
      g: fc.boolean(),
      h: fc.nat(2 ** 16 - 1),
      i: fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }),
      j: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (values) => {
        arena.reset();
        for (const each of values) {
          arena.push(each);
        }
        values.toReversed().forEach((each, i) => Object.assign(arena.at(i), each));
        expect([...arena].map((record) => record.toObject())).toEqual(values.toReversed());
      }),
      { seed: 42, numRuns: 100 },
    );
  });
});
