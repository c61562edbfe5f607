import {
  array,
  bool,
  BumpArena,
  bytes,
  f32,
  f64,
  i128,
  layoutOf,
  oneOf,
  self,
  str,
  struct as structOfTheLibrary,
  text,
  TypedArena,
  TypedArenaLazy,
  u16,
  u32,
  u8,
} from '../../lib';
import { definitionOf } from '../../lib/layout/definition';
import { generated } from '../../lib/layout/generated';
import { assign, BACKENDS, codeOf, errorOf, expectRefused, structBy } from './support';

it('struct() generates code', () => {
  expect(definitionOf(structOfTheLibrary({ x: u8 })).backend).toBe(generated);
});

describe.each(BACKENDS)('With %s accessors, struct()', (_name, backend) => {
  const struct = structBy(backend);

  describe('names of fields', () => {
    it.each(['class', '$', '_', 'ünï', 'static', 'get', 'memory', 'init', 'value', 'unit', 'Handle', 'this', 'await'])(
      'may be %j',
      (name) => {
        const S = struct({ [name]: u8, nested: struct({ [name]: f32 }) });
        using arena = new TypedArena(S, 3);
        using bump = new BumpArena(64);
        const init = { [name]: 1, nested: { [name]: 0.5 } } as never;
        const record = arena.alloc(init)!;
        expect(record.toObject()).toEqual(init);
        expect(bump.place(S, init)!.toObject()).toEqual(init);
        expect(arena.at(arena.pushValues(1, { [name]: 0.5 })).toObject()).toEqual(init);
        assign(record, name, 7);
        expect(Reflect.get(record, name)).toBe(7);
        expect(arena.column(name as never).at(0)).toBe(7);
      },
    );

    it.each(['0', '1a', '42', 'a-b', 'a b', '', 'a;', 'a.b', '-1', 'a\n', '"', '`${1}`', 'x(){}get y', '\u200c'])(
      'are refused where they are no identifiers: %j',
      (name) => {
        const error = errorOf(() => struct({ x: u8, [name]: u8 }));
        expect(error.code).toBe('ERR_OUT_OF_RANGE');
        expect(error.message).toContain('It must be an object whose keys are identifiers');
      },
    );

    it('are refused where they are symbols', () => {
      expect(codeOf(() => struct({ [Symbol('x')]: u8 }))).toBe('ERR_OUT_OF_RANGE');
    });

    it.each(['constructor', 'toJSON', 'toObject', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
      'are refused where references need them: %j',
      (name) => {
        const error = errorOf(() => struct({ x: u8, [name]: u8 }));
        expect(error.code).toBe('ERR_OUT_OF_RANGE');
        expect(error.message).toContain(`Received type string ("${name}")`);
      },
    );

    it('keep their order', () => {
      expect(Object.keys(layoutOf(struct({ z: u8, a: u8, m: u8 })).offsets)).toEqual(['z', 'a', 'm']);
    });
  });

  it('refuses what is no type of a field, and names the field', () => {
    for (const type of [undefined, null, 'u8', 8, {}, [], Number, Uint8Array, () => u8, { size: 1, align: 1 }]) {
      const error = errorOf(() => struct({ good: u8, bad: type as never }));
      expect(error.code).toBe('ERR_INVALID_ARG_TYPE');
      expect(error.message).toContain('"fields.bad"');
    }
  });

  it.each([undefined, null, 1, 'x', true, () => ({})])('refuses %p for fields', (fields) => {
    expect(codeOf(() => struct(fields as never))).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('refuses more than 2^31 - 1 bytes', () => {
    expect(codeOf(() => struct({ a: bytes(2 ** 30), b: bytes(2 ** 30) }))).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => struct({ a: bytes(2 ** 31 - 1) }))).toBeUndefined();
  });

  it('is not changed by what happens to its argument later', () => {
    const fields = { x: u8, y: u8 };
    const S = struct(fields);
    Object.assign(fields, { x: f64, z: u8 });
    expect(layoutOf(S)).toEqual({ size: 2, align: 1, offsets: { x: 0, y: 1 } });
  });

  describe('layoutOf', () => {
    it('tells size, alignment and offsets, of subclasses too', () => {
      const S = struct({ a: u8, b: u16, c: u8, d: f64, e: u8 });
      const expected = { size: 32, align: 8, offsets: { a: 0, b: 2, c: 4, d: 8, e: 16 } };
      expect(layoutOf(S)).toEqual({ ...expected, size: 24 });
      expect(layoutOf(class extends S {})).toEqual({ ...expected, size: 24 });
      expect(layoutOf(struct({ s: S, wide: i128 }))).toEqual({ size: 48, align: 16, offsets: { s: 0, wide: 32 } });
    });

    it('cannot be written to', () => {
      const layout = layoutOf(struct({ a: u8 }));
      expect([Object.isFrozen(layout), Object.isFrozen(layout.offsets)]).toEqual([true, true]);
    });

    it('refuses what is no class of records', () => {
      for (const value of [undefined, null, {}, Map, 'S', () => 1, struct({ a: u8 }).prototype]) {
        expect(codeOf(() => layoutOf(value as never))).toBe('ERR_INVALID_ARG_TYPE');
      }
    });
  });

  describe('with no fields', () => {
    it('is of no size, and works nevertheless', () => {
      class Empty extends struct({}) {
        hello(): string {
          return 'hello';
        }
      }
      expect(layoutOf(Empty)).toEqual({ size: 0, align: 1, offsets: {} });
      using arena = new TypedArena(Empty, 3);
      expect([arena.push(), arena.push({}), arena.pushValues(), arena.push()]).toEqual([0, 1, 2, -1]);
      expect(arena.alloc()).toBeNull();
      expect([...arena].map((record) => record.hello())).toEqual(['hello', 'hello', 'hello']);
      expect([arena.at(2).toObject(), arena.used]).toEqual([{}, 0]);
      using bump = new BumpArena(8);
      expect(bump.place(Empty)!.hello()).toBe('hello');
      expect(bump.used).toBe(0);
    });

    it('can be nested, alone and in arrays', () => {
      const Empty = struct({});
      const S = struct({ a: u8, none: Empty, b: u8, nones: array(Empty, 3), zero: array(f64, 0), c: str(0) });
      expect(layoutOf(S)).toMatchObject({ size: 8, align: 8 });
      using arena = new TypedArena(S, 1);
      const record = arena.alloc({ a: 1, b: 2, none: {}, nones: [{}] })!;
      expect(record.toJSON()).toEqual({ a: 1, none: {}, b: 2, nones: [{}, {}, {}], zero: [], c: '' });
    });
  });

  describe('defaults', () => {
    const S = struct({
      a: u8,
      b: f64,
      c: i128,
      d: bool,
      e: str(5),
      f: bytes(3),
      g: oneOf('first', 'second'),
      h: self,
      i: array(u16, 3),
      j: array(str(2), 2),
      k: struct({ x: u32, y: struct({ z: str(3) }) }),
    });
    const zero = {
      a: 0,
      b: 0,
      c: 0n,
      d: false,
      e: '',
      f: Buffer.alloc(3),
      g: 'first',
      h: null,
      i: new Uint16Array(3),
      j: ['', ''],
      k: { x: 0, y: { z: '' } },
    };

    it.each([
      ['TypedArena', TypedArena],
      ['TypedArenaLazy', TypedArenaLazy],
    ] as const)('are zero, in re-used memory too, in a %s', (_arena, Arena) => {
      using arena = new Arena(S, 4);
      for (let round = 0; round < 3; round++) {
        const first = arena.alloc()!;
        expect(first.toObject()).toEqual(zero);
        expect(arena.at(arena.push({ h: first, k: { y: {} } })).toObject()).toEqual({ ...zero, h: 0 });
        arena.forEach((record) => {
          Object.assign(record, { a: 255, b: NaN, c: -1n, d: true, e: '12345', f: Buffer.alloc(3, 255), g: 'second' });
          Object.assign(record, { h: first, i: [1, 2, 3], j: ['12', '34'], k: { x: 9, y: { z: '123' } } });
        });
        arena.reset();
      }
    });

    it.each(['reset', 'renew', 'resetUnsafe'] as const)('are zero after %s of an untyped arena', (way) => {
      using arena = new BumpArena(1024);
      for (let round = 0; round < 3; round++) {
        expect(arena.place(S)!.toObject()).toEqual(zero);
        expect(arena.place(S, { k: { x: 5 } })!.toObject()).toEqual({ ...zero, k: { x: 5, y: { z: '' } } });
        new Uint8Array(arena.buffer).fill(255);
        arena[way]();
      }
    });

    it('are what an assigned struct leaves out', () => {
      using arena = new TypedArena(S, 1);
      const record = arena.alloc({ k: { x: 9, y: { z: '123' } } })!;
      assign(record, 'k', { y: {} });
      expect(record.toObject()).toEqual(zero);
    });
  });

  describe('nested', () => {
    const Point = struct({ x: f32, y: f32 });
    const S = struct({ id: u8, at: Point, line: struct({ from: Point, to: Point }) });

    it('reads, writes and assigns at every depth', () => {
      using arena = new TypedArena(S, 2);
      const record = arena.alloc({ id: 1, at: { x: 2 }, line: { to: { y: 3 } } })!;
      record.line.from.x = 4;
      assign(record.line, 'to', { x: 5 });
      assign(record, 'at', record.line.from);
      expect(record.toObject()).toEqual({
        id: 1,
        at: { x: 4, y: 0 },
        line: { from: { x: 4, y: 0 }, to: { x: 5, y: 0 } },
      });
      const { from } = record.line;
      from.y = 6;
      expect(record.line.from.y).toBe(6);
    });

    it('takes a record for an init object', () => {
      using arena = new TypedArena(S, 3);
      const record = arena.alloc({ id: 1, at: { x: 2, y: 3 } })!;
      expect(arena.alloc(record)!.toObject()).toEqual(record.toObject());
      expect(arena.at(arena.push({ line: { to: record.at } })).line.to.toObject()).toEqual({ x: 2, y: 3 });
    });

    it('takes inherited properties and getters of an init object', () => {
      class Init {
        get id(): number {
          return 7;
        }
      }
      using arena = new TypedArena(S, 3);
      expect(arena.alloc(new Init())!.id).toBe(7);
      expect(arena.alloc(Object.create({ id: 8 }) as object)!.id).toBe(8);
    });

    it('refuses what is no object, by the path of the struct', () => {
      for (const bad of [null, 1, 'x', true, 1n, () => 1]) {
        expectRefused(backend, Point, { good: { x: 1 }, bad, code: 'ERR_INVALID_ARG_TYPE' });
      }
      expectRefused(backend, Point, { good: { x: 1 }, bad: { y: '1' }, code: 'ERR_INVALID_ARG_TYPE', of: '.y' });
    });

    it('refuses an init that is no object', () => {
      using arena = new TypedArena(S, 3);
      using bump = new BumpArena(64);
      for (const init of [null, 1, 'x', true]) {
        for (const way of [() => arena.alloc(init as never), () => arena.push(init as never)]) {
          expect(errorOf(way).message).toMatch(/^The "init" argument must be of type object/);
        }
        expect(errorOf(() => bump.place(S, init as never)).message).toMatch(
          /^The "init" argument must be of type object/,
        );
      }
      expect([arena.length, bump.used]).toEqual([0, 0]);
    });
  });

  it('with many fields of every kind keeps them apart', () => {
    const fields = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`f${i}`, [u8, f64, str(3), text][i % 4]!]),
    );
    using arena = new TypedArena(struct(fields), 2, { textBytes: 10_000 });
    const init = Object.fromEntries(
      Object.keys(fields).map((name, i) => [name, [i % 256, i / 3, String(i), `text ${i}`][i % 4]]),
    );
    expect(arena.alloc(init as never)!.toObject()).toEqual(init);
    expect(arena.at(arena.pushValues(...(Object.values(init) as never[]))).toObject()).toEqual(init);
  });
});
