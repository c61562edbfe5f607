import { inspect } from 'node:util';

import { array, BumpArena, bytes, f64, i128, i64, self, str, TypedArena, u16, u32, u8 } from '../../lib';
import { BACKENDS, codeOf, everyKindOfField, structBy } from './support';

describe.each(BACKENDS)('With %s accessors, a reference', (_name, backend) => {
  const struct = structBy(backend);
  const { Body, INIT, Point } = everyKindOfField(struct);
  const PLAIN = {
    ...INIT,
    samples: new Float64Array([0.5, 1.5]),
    longs: new BigInt64Array([1n, -1n]),
    grid: [new Uint8Array([1, 2]), new Uint8Array([3, 4])],
  };
  const make = (init: object = INIT) => new TypedArena(Body, 2).alloc(init)!;

  describe('as plain data', () => {
    it('is a deep copy by toObject, that has nothing to do with the arena', () => {
      using arena = new TypedArena(Body, 2);
      const body = arena.alloc(INIT)!;
      const copy = body.toObject();
      expect(copy).toEqual(PLAIN);
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
      body.id = 8;
      body.at.x = 8;
      body.hash.fill(8);
      body.samples.fill(8);
      body.grid[0]!.fill(8);
      body.line[0]!.x = 8;
      arena.dispose();
      expect(copy).toEqual(PLAIN);
    });

    it('gives its bytes away as bytes of their own', () => {
      const body = make();
      const copy = body.toObject();
      copy.hash.fill(9);
      copy.samples.fill(9);
      copy.grid[1]!.fill(9);
      expect(body.toObject()).toEqual(PLAIN);
    });

    it('is JSON by JSON.stringify: bigints as strings, typed arrays as arrays, Buffers as Node has them', () => {
      expect(JSON.parse(JSON.stringify(make()))).toEqual({
        ...INIT,
        big: '-5',
        wide: String(2n ** 100n),
        longs: ['1', '-1'],
        hash: { type: 'Buffer', data: [1, 2] },
      });
      expect(JSON.stringify({ list: [make({ id: 1 }).at] })).toBe('{"list":[{"x":0,"y":0}]}');
    });

    it('has toJSON, which answers what JSON.stringify takes', () => {
      const json = make().toJSON();
      expect(json).toMatchObject({
        big: '-5',
        samples: [0.5, 1.5],
        grid: [
          [1, 2],
          [3, 4],
        ],
      });
      expect(JSON.stringify(json)).toBe(JSON.stringify(make()));
    });

    it('is name and value of each field when it is iterated', () => {
      expect([...make()]).toEqual(Object.entries(PLAIN));
      expect(Object.fromEntries(make())).toEqual(PLAIN);
      expect(new Map(make()).get('name')).toBe('sun');
    });

    it('has links as indices', () => {
      using arena = new TypedArena(Body, 2);
      arena.push();
      const body = arena.alloc(INIT)!;
      body.next = arena.at(0);
      expect([body.toObject().next, body.toJSON()['next'], new Map(body).get('next')]).toEqual([0, 0, 0]);
    });
  });

  describe('printed by inspect', () => {
    class Small extends struct({ id: u8, big: i64, at: Point, hash: bytes(2), next: self }) {}
    const small = () => new TypedArena(Small, 1).alloc({ id: 1, big: 2n, hash: Buffer.from([1, 2]) })!;

    it('shows its class and its fields', () => {
      expect(inspect(small(), { breakLength: Infinity })).toBe(
        'Small { id: 1, big: 2n, at: { x: 0, y: 0 }, hash: <Buffer 01 02>, next: null }',
      );
      expect(inspect(small().at)).toBe('Struct { x: 0, y: 0 }');
    });

    it('keeps to depth and options', () => {
      expect(inspect([[[small()]]], { depth: 2 })).toBe('[ [ [ [Small] ] ] ]');
      expect(inspect({ small: small() }, { depth: 1, breakLength: Infinity })).toContain('at: [Object]');
      expect(inspect([[small()]], { depth: 2, breakLength: Infinity })).toContain('at: [Object]');
      expect(inspect([[small()]], { depth: null, breakLength: Infinity })).toContain('at: { x: 0, y: 0 }');
      expect(inspect(new TypedArena(Point, 1).alloc(), { colors: true })).toBe(
        'Struct { x: \u001b[33m0\u001b[39m, y: \u001b[33m0\u001b[39m }',
      );
    });

    it('does not follow links, which may go in circles', () => {
      const record = small();
      record.next = record;
      expect(inspect(record)).toContain('next: 0');
    });
  });

  describe('has accessors that', () => {
    const S = struct({ x: u16, name: str(4), at: Point });
    const others = (): unknown[] => [
      {},
      null,
      undefined,
      1,
      S.prototype,
      Object.create(new TypedArena(S, 1).alloc()),
      make(),
    ];

    it.each(['x', 'name', 'at'])('throw a TypeError for what is no reference: %s', (name) => {
      const accessors = Object.getOwnPropertyDescriptor(S.prototype, name)!;
      const value = { x: 1, name: 'a', at: {} }[name];
      for (const receiver of others()) {
        expect(() => accessors.get!.call(receiver) as unknown).toThrow(TypeError);
        expect(() => {
          accessors.set!.call(receiver, value);
        }).toThrow(TypeError);
      }
    });

    it('can be neither enumerated nor found on the reference itself', () => {
      const record = new TypedArena(S, 1).alloc({ x: 1 })!;
      expect([Object.keys(record), Object.assign({}, record), 'x' in record]).toEqual([[], {}, true]);
    });

    it('read and write another reference of the struct', () => {
      class Sub extends S {}
      const record = new TypedArena(Sub, 1).alloc({ x: 1 })!;
      const accessors = Object.getOwnPropertyDescriptor(S.prototype, 'x')!;
      accessors.set!.call(record, 9);
      expect([accessors.get!.call(record), record.x]).toEqual([9, 9]);
    });
  });

  it('has methods that throw a TypeError for what is no reference', () => {
    for (const name of ['toObject', 'toJSON', Symbol.iterator] as const) {
      const method = Reflect.get(Point.prototype, name) as () => unknown;
      for (const receiver of [
        {},
        null,
        Point.prototype,
        Object.create(Point.prototype as object),
        [],
        make,
      ] as unknown[]) {
        expect(() => method.call(receiver)).toThrow(TypeError);
      }
    }
  });

  it('is stale in all that it has once its record is gone', () => {
    using arena = new BumpArena(1024);
    class Placed extends struct({
      id: u32,
      big: i128,
      hash: bytes(2),
      at: Point,
      next: self,
      samples: array(f64, 2),
    }) {}
    const record = arena.place(Placed, { id: 1 })!;
    const { at } = record;
    arena.resetUnsafe();
    arena.place(Placed, { id: 2 });
    const uses = [
      () => record.id,
      () => (record.id = 1),
      () => record.big,
      () => record.hash,
      () => record.at.x,
      () => at.x,
      () => (at.y = 1),
      () => record.next,
      () => (record.next = null),
      () => record.samples,
      () => record.toObject(),
      () => JSON.stringify(record),
      () => [...record],
    ];
    expect(uses.map(codeOf)).toEqual(uses.map(() => 'ERR_OFFHEAP_STALE'));
  });
});
