import { inspect } from 'node:util';

import { array, Box, BumpArena, f64, heap, i64, KiB, ref, self, str, struct, text, u32, u8, Vec } from '../../lib';
import { codeOf } from '../arena/support';
import { ALLOCATORS, Body, KINDS, Point, VIEW_KINDS } from './support';

describe.each(ALLOCATORS)('A Vec in %s', (_title, inAllocator) => {
  it.each(KINDS)('holds values of %s', (_name, { type, zero, values, bad, code }) => {
    inAllocator((allocator) => {
      const vec = Vec.newIn(allocator, type)!;
      expect([vec.length, vec.isEmpty, vec.pop(), [...vec]]).toEqual([0, true, undefined, []]);
      expect(values.map((value) => vec.push(value))).toEqual(values.map((_value, i) => i));
      expect([[...vec], vec.length, vec.isEmpty]).toEqual([values, values.length, false]);
      expect(vec.extend([zero, ...values])).toBe(values.length);
      const all = [...values, zero, ...values];
      expect(all.map((_value, i) => vec.at(i))).toEqual(all);
      vec.set(0, zero);
      expect([vec.at(0), vec.at(1)]).toEqual([zero, all[1]]);
      for (const attempt of [
        () => vec.push(bad),
        () => vec.extend([zero, bad]),
        () => {
          vec.set(1, bad);
        },
      ]) {
        expect(codeOf(attempt)).toBe(code);
      }
      expect([...vec]).toEqual([zero, ...all.slice(1)]);
      expect([vec.pop(), vec.pop(), vec.length]).toEqual([all.at(-1), all.at(-2), all.length - 2]);
      vec.free();
    });
  });

  it.each(VIEW_KINDS)('holds values of %s, to write into', (_name, { type, zero, values, bad, code, plain }) => {
    inAllocator((allocator) => {
      const vec = Vec.newIn(allocator, type)!;
      const width = (zero as unknown[]).length;
      const given = values.map((value) => [...(value as unknown[]), ...(zero as unknown[])].slice(0, width));
      const contents = (): unknown[] => [...vec].map((value) => plain(value as never));
      expect(vec.extend(values)).toBe(0);
      expect(contents()).toEqual(given);
      vec.set(0, new Uint8Array(0)); // what is left out is zero
      (vec.at(0) as unknown[])[1] = given[0]![1];
      expect(contents()[0]).toEqual([(zero as unknown[])[0], given[0]![1], ...(zero as unknown[]).slice(2)]);
      expect(codeOf(() => vec.push(bad))).toBe(code);
      const popped = vec.pop();
      vec.push(values[0]);
      expect(plain(popped as never)).toEqual(given.at(-1)); // a copy
    });
  });

  it('holds records with methods, nested fields and private members', () => {
    inAllocator((allocator) => {
      const vec = Vec.newIn(allocator, Body)!;
      for (let id = 0; id < 20; id++) {
        expect(vec.push(Body.from(id))).toBe(id);
      }
      expect(vec.at(13)).toBeInstanceOf(Body);
      expect(vec.at(13).toObject()).toEqual({ ...Body.from(13), samples: new Uint8Array([13, 0, 0]) });
      expect([...vec].map((body) => [body.id, body.at.y + 0, body.made])).toEqual(
        Array.from({ length: 20 }, (_, id) => [id, 0 - id, 'yes']),
      );
      vec.at(5).move(100);
      vec.set(6, { name: 'six' });
      vec.set(7, vec.at(8));
      expect([vec.at(5).at.x, vec.at(6).toObject()]).toMatchObject([105, { id: 0, name: 'six', big: 0n }]);
      expect(vec.at(7).toObject()).toEqual(vec.at(8).toObject());
      const last = vec.pop()!;
      expect(last).toEqual({ ...Body.from(19), samples: new Uint8Array([19, 0, 0]) });
      expect(vec.push(last)).toBe(19);
      expect([vec.push({}), vec.at(20).toObject()]).toMatchObject([20, { id: 0, at: { x: 0, y: 0 }, name: '' }]);
      expect(codeOf(() => vec.push({ id: -1 }))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => vec.push(undefined as never))).toBe('ERR_INVALID_ARG_TYPE');
      expect(vec.length).toBe(21);
    });
  });

  it('shows its numbers as a typed array over its own memory', () => {
    inAllocator((allocator) => {
      const vec = Vec.newIn(allocator, u32)!;
      expect(vec.elements).toEqual(new Uint32Array(0));
      vec.extend([1, 2, 3]);
      const { elements } = vec;
      expect(elements).toEqual(new Uint32Array([1, 2, 3]));
      elements[1] = 20;
      vec.set(2, 30);
      expect([[...vec], [...elements]]).toEqual([
        [1, 20, 30],
        [1, 20, 30],
      ]);
      const longs = Vec.newIn(allocator, i64)!;
      longs.extend(new BigInt64Array([1n, -1n]));
      expect(longs.elements).toEqual(new BigInt64Array([1n, -1n]));
      expect(Vec.newIn(allocator, str(4))!.elements).toBeNull();
      expect(Vec.newIn(allocator, Point)!.elements).toBeNull();
    });
  });

  it('becomes shorter by truncate and clear, and keeps its room', () => {
    inAllocator((allocator) => {
      const vec = Vec.newIn(allocator, f64)!;
      vec.extend([1, 2, 3, 4]);
      const { capacity } = vec;
      vec.truncate(4);
      vec.truncate(2);
      expect([[...vec], vec.capacity]).toEqual([[1, 2], capacity]);
      expect(codeOf(() => vec.at(2))).toBe('ERR_OUT_OF_RANGE');
      for (const [length, code] of [
        [3, 'ERR_OUT_OF_RANGE'],
        [-1, 'ERR_OUT_OF_RANGE'],
        [0.5, 'ERR_OUT_OF_RANGE'],
        ['1', 'ERR_INVALID_ARG_TYPE'],
      ]) {
        expect(
          codeOf(() => {
            vec.truncate(length as number);
          }),
        ).toBe(code);
      }
      vec.clear();
      vec.clear();
      expect([vec.length, vec.isEmpty, vec.capacity, vec.push(5), vec.at(0)]).toEqual([0, true, capacity, 0, 5]);
    });
  });

  it('is freed once, and stale then', () => {
    inAllocator((allocator) => {
      for (const capacity of [0, 10]) {
        const vec = Vec.newIn(allocator, Point, capacity)!;
        const element = vec.reserve(1) && vec.push({ x: 1 }) === 0 ? vec.at(0) : null;
        vec.free();
        expect(
          codeOf(() => {
            vec.free();
          }),
        ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
        const uses = [() => vec.length, () => vec.at(0), () => vec.push({}), () => element!.x, () => vec.reserve(1)];
        expect(uses.map(codeOf)).toEqual(uses.map(() => 'ERR_OFFHEAP_STALE'));
        expect(() => vec.length).toThrow('The Vec has been freed');
        vec[Symbol.dispose]();
        expect(inspect(vec)).toMatch(/stale/);
      }
      let kept!: Vec<object>;
      {
        using vec = Vec.newIn(allocator, Point)!;
        kept = vec;
      }
      expect(codeOf(() => kept.length)).toBe('ERR_OFFHEAP_STALE');
      expect(
        codeOf(() => {
          kept.free();
        }),
      ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    });
  });
});

describe('A Vec', () => {
  it('has elements at whole indices below its length, and nowhere else', () => {
    const vec = Vec.newIn(heap, f64)!;
    vec.extend([1, 2]);
    for (const index of [-1, 0.5, 2, NaN, Infinity, 2 ** 53, -Infinity]) {
      expect(codeOf(() => vec.at(index))).toBe('ERR_OUT_OF_RANGE');
      expect(
        codeOf(() => {
          vec.set(index, 1);
        }),
      ).toBe('ERR_OUT_OF_RANGE');
    }
    for (const index of ['0', null, undefined, 0n, {}, [0], true]) {
      expect(codeOf(() => vec.at(index as number))).toBe('ERR_INVALID_ARG_TYPE');
      expect(
        codeOf(() => {
          vec.set(index as number, 1);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(() => vec.at(2)).toThrow(/integer >= 0 && < 2, the length of the Vec. Received 2/);
    expect([vec.at(-0), [...vec]]).toEqual([1, [1, 2]]);
  });

  it('names the value that does not fit, and where it is among many', () => {
    const vec = Vec.newIn(heap, u8)!;
    expect(() => vec.push(256)).toThrow(/"value".*integer >= 0 && <= 255.*256/);
    expect(() => vec.extend([1, 2, 3.5])).toThrow(/"values\[2\]"/);
    expect(() => Vec.newIn(heap, Point)!.extend([{}, { y: '1' as never }])).toThrow(/"values\[1\]\.y"/);
  });

  it('is extended by whatever can be gone through', () => {
    const vec = Vec.newIn(heap, u32)!;
    const sources: [unknown, number[]][] = [
      [[], []],
      [
        [1, 2],
        [1, 2],
      ],
      [new Set([3, 4]), [3, 4]],
      [new Uint32Array([5]), [5]],
      [new Uint8Array([6, 7]), [6, 7]],
      [{ length: 2, 0: 8, 1: 9 }, [8, 9]],
      [[10].values(), [10]],
      [
        (function* () {
          yield 11;
        })(),
        [11],
      ],
      [new Uint32Array(0), []],
    ];
    const all: number[] = [];
    for (const [source, values] of sources) {
      expect(vec.extend(source as number[])).toBe(all.length);
      all.push(...values);
      expect([...vec]).toEqual(all);
    }
    for (const source of [undefined, null, 5, 'abc', {}, () => [1]]) {
      expect(codeOf(() => vec.extend(source as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const source of [
      new Int32Array([-1]),
      [1, undefined],
      { length: 1 },
      new BigInt64Array(1),
      new Float64Array([0.5]),
    ]) {
      expect(codeOf(() => vec.extend(source as never))).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/);
    }
    expect([...vec]).toEqual(all);
  });

  it('refuses links and texts, and what is no type', () => {
    const refused: [unknown, string][] = [
      [struct({ next: self }), 'ERR_INVALID_ARG_VALUE'],
      [struct({ to: ref(() => Point) }), 'ERR_INVALID_ARG_VALUE'],
      [struct({ all: array(self, 2) }), 'ERR_INVALID_ARG_VALUE'],
      [struct({ inner: struct({ to: ref(() => Point) }) }), 'ERR_INVALID_ARG_VALUE'],
      [array(struct({ next: self }), 2), 'ERR_INVALID_ARG_VALUE'],
      [self, 'ERR_INVALID_ARG_VALUE'],
      [text, 'ERR_INVALID_ARG_VALUE'],
      [struct({ name: text }), 'ERR_INVALID_ARG_VALUE'],
      [Number, 'ERR_INVALID_ARG_TYPE'],
      [null, 'ERR_INVALID_ARG_TYPE'],
    ];
    const arena = new BumpArena(1 * KiB);
    for (const [type, code] of refused) {
      expect(codeOf(() => Vec.newIn(arena, type as typeof f64, 1))).toBe(code);
    }
    expect(arena.used).toBe(0);
  });

  it('refuses what is no allocator and no capacity', () => {
    for (const allocator of [undefined, null, {}, 5, { alloc: () => null, free: () => undefined }]) {
      expect(codeOf(() => Vec.newIn(allocator as never, f64))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const capacity of [-1, 0.5, NaN, 2 ** 53]) {
      expect(codeOf(() => Vec.newIn(heap, f64, capacity))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => Vec.newIn(heap, f64)!.reserve(capacity))).toBe('ERR_OUT_OF_RANGE');
    }
    expect(codeOf(() => Vec.newIn(heap, f64, '8' as never))).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(() => new (Vec as unknown as new () => unknown)())).toBe('ERR_ILLEGAL_CONSTRUCTOR');
    expect(codeOf(() => new (Vec as unknown as new (of: object) => unknown)({}))).toBe('ERR_ILLEGAL_CONSTRUCTOR');
  });

  it('goes through elements that are added meanwhile, and ends where they are removed', () => {
    const vec = Vec.newIn(heap, f64)!;
    vec.push(0);
    const seen = [];
    for (const value of vec) {
      seen.push(value);
      if (value < 50) {
        vec.push(value + 1);
      }
    }
    expect(seen).toHaveLength(51);
    const some = [];
    for (const value of vec) {
      some.push(value);
      vec.truncate(10);
    }
    expect(some).toHaveLength(10);
    const [first, second] = vec;
    expect([first, second]).toEqual([0, 1]);
  });

  it('shows itself', () => {
    const vec = Vec.newIn(heap, f64)!;
    expect(inspect(vec)).toBe('Vec<f64>(0) []');
    vec.extend([1, 2]);
    expect(inspect(vec)).toBe('Vec<f64>(2) [ 1, 2 ]');
    const records = Vec.newIn(heap, Body)!;
    records.push(Body.from(1));
    expect(inspect(records)).toMatch(/^Vec<Body>\(1\) \[\s*Body \{/);
    vec.free();
    expect(inspect(vec)).toBe('Vec<f64> { stale }');
  });

  it('of a type of no bytes takes any number of elements and no memory', () => {
    const Nothing = struct({});
    const arena = new BumpArena(0);
    const vec = Vec.newIn(arena, Nothing, 1e9)!;
    for (let i = 0; i < 1000; i++) {
      expect(vec.push({})).toBe(i);
    }
    expect([vec.extend([{}, {}]), vec.length, vec.reserve(2 ** 52), vec.at(1001).toObject()]).toEqual([
      1000,
      1002,
      true,
      {},
    ]);
    expect(vec.capacity).toBeGreaterThan(1e9);
    expect(codeOf(() => vec.push(5))).toBe('ERR_INVALID_ARG_TYPE');
    vec.sort(() => 1);
    vec.set(0, {});
    expect([vec.pop(), [...vec].length, vec.elements]).toEqual([{}, 1001, null]);
    expect(codeOf(() => vec.at(1001))).toBe('ERR_OUT_OF_RANGE');
    const empty = Vec.newIn(arena, array(f64, 0))!;
    expect([empty.push([]), empty.at(0)]).toEqual([0, new Float64Array(0)]);
    // An element of no bytes is no part of any arena.
    const Linking = struct({ to: ref(() => Nothing) });
    expect(codeOf(() => new BumpArena(100).place(Linking, { to: vec.at(0) }))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    vec.free();
    expect(codeOf(() => vec.push({}))).toBe('ERR_OFFHEAP_STALE');
    // One Vec that ends ends no other.
    expect([Vec.newIn(arena, Nothing)!.push({}), empty.push([]), Box.newIn(arena, Nothing)!.value.toObject()]).toEqual([
      0,
      1,
      {},
    ]);
  });
});
