import { inspect } from 'node:util';
import * as workers from 'node:worker_threads';

import { KiB, memoryUsage, type StructClass, TypedArena, TypedArenaLazy, type TypedArenaOptions } from '../../lib';
import { codeOf } from './support';
import { type ArenaClass, errorOf, type Point, TYPED } from './typed-support';

const NUMBERS = { id: 7, x: 1.5, on: true };

function typeAndCode(fn: () => unknown): [string, unknown] {
  const error = errorOf(fn) as Error & { code?: unknown };
  return [error.name, error.code];
}

describe.each(TYPED)('%s', (_title, { Arena, Point, Body, isLazy }) => {
  it('makes instances of the class, with its methods, accessors and class fields', () => {
    class Counted extends Point {
      readonly made = 'by its class';
      add(amount: number): this {
        this.x += amount;
        return this;
      }
    }
    using arena = new Arena(Counted, 3);
    expect(arena.alloc({ x: 1 })!.add(2).x).toBe(3);
    expect(arena.at(0)).toBeInstanceOf(Counted);
    expect([arena.at(0).made, arena.at(0).doubled]).toEqual(['by its class', 6]);
  });

  it('keeps classes apart that extend the same struct', () => {
    class First extends Body {
      readonly which = 'first';
    }
    class Second extends Body {
      which(): string {
        return `second ${this.id}`;
      }
    }
    using firsts = new Arena(First, 3);
    using seconds = new Arena(Second, 3);
    const first = firsts.alloc({ id: 1 })!;
    const second = seconds.alloc({ id: 2 })!;
    first.next = first;
    second.next = second;
    expect([first.which, second.which()]).toEqual(['first', 'second 2']);
    expect([first instanceof Second, second instanceof First]).toEqual([false, false]);
    expect([first.next, firsts.at(0), [...firsts][0]].every((each) => each instanceof First)).toBe(true);
    expect([second.next, seconds.at(0), [...seconds][0]].every((each) => each instanceof Second)).toBe(true);
    expect(codeOf(() => (first.next = second))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
  });

  it('calls the constructor of a class for every reference', () => {
    let made = 0;
    class Counted extends Point {
      constructor(...internal: ConstructorParameters<typeof Point>) {
        super(...internal);
        made++;
      }
    }
    using arena = new Arena(Counted, 3);
    arena.push({ x: 1 });
    arena.push({ x: 2 });
    made = 0;
    expect(arena.at(0).x + arena.at(1).x).toBe(3);
    arena.forEach((record, i) => {
      expect(record.x).toBe(i + 1);
    });
    expect(made).toBe(4);
  });

  describe('finds records', () => {
    it('by their index, and nothing else', () => {
      using arena = new Arena(Point, 10);
      arena.push(NUMBERS);
      arena.push(NUMBERS);
      const wrong: [unknown, string, string][] = [
        ...(['0', undefined, null, 0n, {}] as const).map((index): [unknown, string, string] => [
          index,
          'TypeError',
          'ERR_INVALID_ARG_TYPE',
        ]),
        ...[-1, 1.5, NaN, 2, Infinity, -Infinity, 2 ** 32].map((index): [unknown, string, string] => [
          index,
          'RangeError',
          'ERR_OUT_OF_RANGE',
        ]),
      ];
      for (const [index, name, code] of wrong) {
        expect(typeAndCode(() => arena.at(index as number))).toEqual([name, code]);
        expect(typeAndCode(() => arena.column('x').at(index as number))).toEqual([name, code]);
      }
      expect(arena.at(-0).id).toBe(7);
    });

    it('by a reference', () => {
      using arena = new Arena(Body, 10);
      using other = new Arena(Body, 10);
      for (let i = 0; i < 5; i++) {
        arena.push({ id: i });
      }
      expect([...arena].map((record) => arena.indexOf(record))).toEqual([0, 1, 2, 3, 4]);
      expect(codeOf(() => arena.indexOf(other.alloc()!))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      for (const value of [{}, null, 0, arena, arena.at(0).position, new Arena(Point, 1).alloc()]) {
        expect(codeOf(() => arena.indexOf(value as never))).toBe('ERR_INVALID_ARG_TYPE');
      }
      const old = arena.at(3);
      arena.reset();
      expect(codeOf(() => arena.indexOf(old))).toBe('ERR_OFFHEAP_STALE');
    });
  });

  it('works with a capacity of 0', () => {
    using arena = new Arena(Body, 0);
    expect([arena.push({ name: 'x' }), arena.alloc(), arena.length, arena.capacity, arena.used]).toEqual([
      ...[-1, null, 0, 0, 0],
    ]);
    expect([[...arena], [...arena.column('id')]]).toEqual([[], []]);
    arena.reset();
    expect(arena.push({})).toBe(-1);
  });

  it('refuses what is no struct, no count or no option', () => {
    const make = (...args: unknown[]): [string, unknown] =>
      typeAndCode(() => new Arena(...(args as [StructClass<Point>, number])));
    const wrongType = ['TypeError', 'ERR_INVALID_ARG_TYPE'];
    for (const Struct of [undefined, null, {}, 5, 'Point', Date, Arena, () => Point, Point.prototype]) {
      expect(make(Struct, 5)).toEqual(wrongType);
    }
    for (const count of [undefined, null, '5', 5n, {}]) {
      expect(make(Point, count)).toEqual(wrongType);
    }
    for (const count of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      expect(make(Point, count)).toEqual(['RangeError', 'ERR_OUT_OF_RANGE']);
    }
    for (const options of [null, 5, 'drop', { drop: 5 }, { drop: null }, { drop: {} }, { textBytes: '5' }]) {
      expect(make(Body, 5, options)).toEqual(wrongType);
    }
    for (const textBytes of [-1, 1.5, NaN]) {
      expect(make(Body, 5, { textBytes })).toEqual(['RangeError', 'ERR_OUT_OF_RANGE']);
    }
    expect(make(Point, Number.MAX_SAFE_INTEGER)).toEqual(['OffheapError', 'ERR_OFFHEAP_TOO_LARGE']);
    expect(() => {
      (Arena as unknown as () => void)();
    }).toThrow(TypeError);
  });

  it('says how many records there are and can be, and what they take', () => {
    using arena = new Arena(Point, 10_000);
    expect([arena.length, arena.capacity, arena.isEmpty, arena.used]).toEqual([0, 10_000, true, 0]);
    expect(arena.committed).toBe(isLazy ? 0 : 240_000);
    arena.push(NUMBERS);
    expect([arena.length, arena.capacity, arena.isEmpty, arena.used]).toEqual([1, 10_000, false, 24]);
    expect(arena.committed).toBe(isLazy ? 64 * KiB : 240_000);
    for (let i = 0; i < 5000; i++) {
      arena.pushValues(i, i, true);
    }
    expect([arena.length, arena.used]).toEqual([5001, 5001 * 24]);
    expect(arena.committed).toBeGreaterThanOrEqual(arena.used);
    const { committed } = arena;
    arena.reset();
    expect([arena.length, arena.isEmpty, arena.used, arena.committed]).toEqual([0, true, 0, committed]);

    using texts = new Arena(Body, 10);
    texts.push({});
    const { used } = texts;
    texts.at(0).name = 'nine byte';
    expect(texts.used).toBe(used + 9);
    texts.reset();
    expect(texts.used).toBe(0);
  });

  it('has room for texts of 64 bytes a record, or of as many in all as it was told', () => {
    using usual = new Arena(Body, 2);
    expect(usual.push({ name: 'x'.repeat(128) })).toBe(0);
    expect(codeOf(() => usual.push({ name: 'x' }))).toBe('ERR_OFFHEAP_FULL');
    expect(codeOf(() => (usual.at(0).name = 'x'.repeat(129)))).toBe('ERR_OFFHEAP_FULL');
    expect(usual.at(0).name).toBe('x'.repeat(128));
    usual.at(0).name = 'ü'.repeat(64);
    expect(usual.push({})).toBe(1);
    usual.reset();
    expect(usual.push({ name: 'y'.repeat(128) })).toBe(0);
    using none = new Arena(Body, 2, { textBytes: 0 });
    expect(none.push({ name: '' })).toBe(0);
    expect(codeOf(() => none.push({ name: 'x' }))).toBe('ERR_OFFHEAP_FULL');
    using large = new Arena(Body, 1, { textBytes: 200 * KiB });
    expect(large.alloc({ name: 'z'.repeat(200 * KiB) })!.name).toHaveLength(200 * KiB);
  });

  it('starts over with the whole capacity', () => {
    using arena = new Arena(Point, 3);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 3; i++) {
        expect(arena.push({ id: round * 10 + i })).toBe(i);
      }
      expect(arena.push({})).toBe(-1);
      expect([...arena.column('id')]).toEqual([0, 1, 2].map((i) => round * 10 + i));
      arena.reset();
      expect(arena.isEmpty).toBe(true);
    }
  });

  it('ends by dispose, which can be repeated, and by `using`', () => {
    let kept: TypedArena<Point>;
    {
      using arena = new Arena(Point, 3);
      arena.push(NUMBERS);
      kept = arena;
    }
    kept.dispose();
    kept[Symbol.dispose]();
    const one = new Arena(Point, 1).alloc()!;
    const uses: (() => unknown)[] = [
      () => kept.push({}),
      () => kept.alloc({}),
      () => kept.pushValues(1, 2, true),
      () => kept.at(0),
      () => kept.length,
      () => kept.capacity,
      () => kept.isEmpty,
      () => kept.used,
      () => kept.committed,
      () => kept.column('id'),
      () => kept.indexOf(one),
      () => Array.from(kept),
      () => {
        kept.forEach(() => undefined);
      },
      () => {
        kept.reset();
      },
    ];
    for (const use of uses) {
      expect(codeOf(use)).toBe('ERR_OFFHEAP_DISPOSED');
    }
  });

  it('shows itself by util.inspect, and its records as their class', () => {
    const arena = new Arena(Point, 100);
    arena.push(NUMBERS);
    const name = Arena.name;
    expect(inspect(arena)).toBe(`${name}<Point> { length: 1, capacity: 100, used: 24 B }`);
    expect(inspect(arena.at(0))).toBe('Point { id: 7, x: 1.5, on: true }');
    arena.dispose();
    expect(inspect(arena)).toBe(`${name}<Point> { disposed }`);
  });

  it('is an instance of its class, which is its constructor', () => {
    using arena = new Arena(Point, 1);
    expect(arena).toBeInstanceOf(TypedArena);
    expect(arena).toBeInstanceOf(Arena as unknown as new () => object);
    expect(arena instanceof TypedArenaLazy).toBe(isLazy);
    expect(arena.constructor).toBe(Arena);
    const again = new (arena.constructor as ArenaClass)(Point, 5);
    expect(again.capacity).toBe(5);
  });

  it('cannot be cloned or posted, where the runtime can refuse', () => {
    using arena = new Arena(Point, 1);
    const { port1 } = new MessageChannel();
    const post = (): void => {
      port1.postMessage(arena);
    };
    if ('markAsUncloneable' in workers) {
      expect((errorOf(() => structuredClone(arena)) as Error).name).toBe('DataCloneError');
      expect((errorOf(post) as Error).name).toBe('DataCloneError');
    } else {
      expect(structuredClone<object>(arena)).toEqual({});
      post();
    }
    port1.close();
  });
});

it('A TypedArenaLazy that refuses its options has reserved nothing', () => {
  const { Body } = TYPED[2]![1];
  const { reserved } = memoryUsage();
  const options: TypedArenaOptions<object> = { textBytes: Number.MAX_SAFE_INTEGER };
  expect(errorOf(() => new TypedArenaLazy(Body, 1, options))).toMatchObject({ name: 'OffheapError' });
  expect(codeOf(() => new TypedArenaLazy(Body, 1, { drop: 5 as never }))).toBe('ERR_INVALID_ARG_TYPE');
  expect(memoryUsage().reserved).toBe(reserved);
});
