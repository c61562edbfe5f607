import { KiB, type TypedArena } from '../../lib';
import { codeOf } from './support';
import { type Point, TYPED } from './typed-support';

const COUNT = 5;

describe.each(TYPED)('%s', (_title, { Arena, Point, Body }) => {
  function filled(capacity = 100, count = COUNT): TypedArena<Point> {
    const arena = new Arena(Point, capacity);
    for (let i = 0; i < count; i++) {
      arena.push({ id: i, x: i / 2, on: i % 2 === 1 });
    }
    return arena;
  }

  describe('by forEach', () => {
    it('shows each record and its index, in order', () => {
      using arena = filled();
      const seen: [number, number, boolean, number][] = [];
      arena.forEach(({ id, x, on }, index) => seen.push([id, x, on, index]));
      expect(seen).toEqual([0, 1, 2, 3, 4].map((i) => [i, i / 2, i % 2 === 1, i]));
    });

    it('shows them through one reference, which moves and can be written through', () => {
      using arena = filled();
      const references = new Set<Point>();
      arena.forEach((record) => {
        references.add(record);
        record.x += 100;
      });
      expect(references.size).toBe(1);
      const [reference] = references;
      expect(reference).toBeInstanceOf(Point);
      expect(reference!.id).toBe(COUNT - 1);
      expect(arena.indexOf(reference!)).toBe(COUNT - 1);
      expect([...arena.column('x')]).toEqual([100, 100.5, 101, 101.5, 102]);
    });

    it('takes part of a record from it that stays, and a link to it', () => {
      using arena = new Arena(Body, 10);
      for (let i = 0; i < 3; i++) {
        arena.push({ id: i, position: { x: i } });
      }
      const positions: { x: number }[] = [];
      arena.forEach((record, i) => {
        positions.push(record.position);
        arena.at((i + 1) % 3).next = record;
      });
      expect(positions.map(({ x }) => x)).toEqual([0, 1, 2]);
      expect([...arena].map(({ next }) => next!.id)).toEqual([2, 0, 1]);
    });

    it('leaves those out that are added meanwhile', () => {
      using arena = filled(100_000);
      let calls = 0;
      arena.forEach(({ id }) => {
        expect(id).toBe(calls++);
        for (let i = 0; i < 2000; i++) {
          arena.push({ id: 1000 });
        }
      });
      expect(calls).toBe(COUNT);
      expect(arena.length).toBe(COUNT * 2001);
    });

    it.each(['reset', 'dispose'] as const)('ends when the function calls %s', (end) => {
      const arena = filled();
      const seen: number[] = [];
      arena.forEach(({ id }) => {
        seen.push(id);
        if (id === 1) {
          arena[end]();
          if (end === 'reset') {
            arena.push({ id: 7 });
            arena.push({ id: 8 });
            arena.push({ id: 9 });
          }
        }
      });
      expect(seen).toEqual([0, 1]);
    });

    it('throws what the function throws, and changes nothing', () => {
      using arena = filled();
      const error = new Error('enough');
      let calls = 0;
      expect(() => {
        arena.forEach(() => {
          if (++calls === 3) {
            throw error;
          }
        });
      }).toThrow(error);
      expect(calls).toBe(3);
      expect(arena.push({})).toBe(COUNT);
      calls = -1000;
      arena.forEach(() => calls++);
      expect(calls).toBe(-1000 + COUNT + 1);
    });

    it('nests', () => {
      using arena = filled();
      const pairs: string[] = [];
      arena.forEach((outer) => {
        arena.forEach((inner) => {
          pairs.push(`${outer.id}${inner.id}`);
        });
      });
      expect(pairs).toHaveLength(COUNT ** 2);
      expect(new Set(pairs).size).toBe(COUNT ** 2);
    });

    it('takes nothing but a function', () => {
      using arena = filled();
      for (const fn of [undefined, null, {}, 'fn']) {
        expect(
          codeOf(() => {
            arena.forEach(fn as never);
          }),
        ).toBe('ERR_INVALID_ARG_TYPE');
      }
    });
  });

  describe('by for…of', () => {
    it('gives a reference of its own for each record', () => {
      using arena = filled();
      const references = [...arena];
      expect(new Set(references).size).toBe(COUNT);
      expect(references.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
      expect(references.map((record) => arena.indexOf(record))).toEqual([0, 1, 2, 3, 4]);
      expect(Array.from(arena, ({ doubled }) => doubled)).toEqual([0, 1, 2, 3, 4]);
    });

    it('goes on with those that are added meanwhile', () => {
      using arena = filled(20, 1);
      const seen: number[] = [];
      for (const { id } of arena) {
        seen.push(id);
        arena.push({ id: id + 1 });
      }
      expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
    });

    it('can be left early, and begun again', () => {
      using arena = filled();
      for (const { id } of arena) {
        if (id === 2) {
          break;
        }
      }
      const [first, second] = arena;
      expect([first!.id, second!.id, [...arena].length]).toEqual([0, 1, COUNT]);
    });
  });

  describe('by a column', () => {
    it('reads one field of all records, and of those to come', () => {
      using arena = filled();
      const ids = arena.column('id');
      const on = arena.column('on');
      expect([ids.length, on.length]).toEqual([COUNT, COUNT]);
      expect([...ids]).toEqual([0, 1, 2, 3, 4]);
      expect([...on]).toEqual([false, true, false, true, false]);
      arena.at(3).id = 33;
      arena.push({ id: 5, on: true });
      expect([ids.at(3), ids.at(5), on.at(5), ids.length]).toEqual([33, 5, true, COUNT + 1]);
      expect(codeOf(() => ids.at(COUNT + 1))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => ids.at(-1))).toBe('ERR_OUT_OF_RANGE');
    });

    it('goes on when the arena has grown', () => {
      using arena = filled(100_000, 1);
      const ids = arena.column('id');
      for (let i = 1; i < 100_000; i++) {
        arena.pushValues(i, i, false);
      }
      expect([ids.length, ids.at(0), ids.at(99_999)]).toEqual([100_000, 0, 99_999]);
      const target = new Uint32Array(100_000);
      expect(ids.copyTo(target)).toBe(100_000);
      expect(target.every((id, i) => id === i)).toBe(true);
    });

    it('copies from a start on until one of the two ends', () => {
      using arena = filled();
      const x = arena.column('x');
      const target = new Float64Array(3).fill(-1);
      expect([x.copyTo(target), [...target]]).toEqual([3, [0, 0.5, 1]]);
      expect([x.copyTo(target, 4), [...target]]).toEqual([1, [2, 0.5, 1]]);
      expect([x.copyTo(target, COUNT), [...target]]).toEqual([0, [2, 0.5, 1]]);
      const plain = Array.from({ length: 10 }, () => -1);
      expect(x.copyTo(plain)).toBe(COUNT);
      expect(plain.slice(0, 6)).toEqual([0, 0.5, 1, 1.5, 2, -1]);
      const flags = [true, true];
      expect([arena.column('on').copyTo(flags, 2), flags]).toEqual([2, [false, true]]);
      expect(x.copyTo([])).toBe(0);
    });

    it('refuses another start or target', () => {
      using arena = filled();
      const x = arena.column('x');
      for (const start of [-1, 1.5, NaN, COUNT + 1, '0']) {
        expect(codeOf(() => x.copyTo(new Float64Array(1), start as number))).toBe('ERR_OUT_OF_RANGE');
      }
      for (const target of [null, undefined, 5, {}, { length: '1' }]) {
        expect(codeOf(() => x.copyTo(target as unknown as number[]))).toBe('ERR_INVALID_ARG_TYPE');
      }
    });

    it('has a value of every type, as the field has', () => {
      using arena = new Arena(Body, 10);
      arena.push({ id: 1 });
      const last = arena.alloc({
        id: 2,
        position: { x: 0.5, y: -0.5 },
        next: arena.at(0),
        name: 'two',
        tag: 'tag',
        kind: 'ice',
        data: Buffer.from('abcdef'),
        path: [1, 2, 3],
        marks: ['b', 'a'],
        wide: 2n ** 100n,
      })!;
      expect(arena.column('position').at(1).toObject()).toEqual({ x: 0.5, y: -0.5 });
      expect(arena.column('next').at(1)!.id).toBe(1);
      expect([...arena.column('name')]).toEqual(['', 'two']);
      expect([...arena.column('tag')]).toEqual(['', 'tag']);
      expect([...arena.column('kind')]).toEqual(['rock', 'ice']);
      expect(arena.column('data').at(1).toString()).toBe('abcdef');
      expect([...arena.column('path').at(1)]).toEqual([1, 2, 3]);
      expect([...arena.column('marks').at(1)]).toEqual(['b', 'a']);
      expect([...arena.column('wide')]).toEqual([0n, 2n ** 100n]);
      arena.column('path').at(1)[0] = 9;
      arena.column('position').at(1).x = 4;
      expect([last.path[0], last.position.x]).toEqual([9, 4]);
    });

    it('has the name of a field, and no other', () => {
      using arena = filled();
      for (const name of ['y', 'doubled', 'toObject', '', 0, undefined]) {
        expect(codeOf(() => arena.column(name as 'x'))).toBe('ERR_OUT_OF_RANGE');
      }
    });
  });

  it('reads and writes the same memory through every way to a record', () => {
    using arena = filled(10_000);
    const [kept] = arena;
    const column = arena.column('x');
    while (arena.used < 100 * KiB) {
      arena.pushValues(1, 1, true);
    }
    kept!.x = 7;
    expect([arena.at(0).x, column.at(0), [...arena][0]!.x]).toEqual([7, 7, 7]);
    arena.forEach((record, i) => {
      record.x = i;
    });
    expect([kept!.x, column.at(100), arena.at(200).x]).toEqual([0, 100, 200]);
  });
});
