import type { TypedArena } from '../../lib';
import { codeOf } from './support';
import { type Body, errorOf, type Point, TYPED } from './typed-support';

const WAYS = ['reset', 'dispose'] as const;

describe.each(TYPED)('%s, its drop hook,', (_title, { Arena, Point, Body, define }) => {
  /** An arena that notes what is dropped. */
  function noting(count = 5): { arena: TypedArena<Point>; dropped: [number, number][] } {
    const dropped: [number, number][] = [];
    const arena = new Arena(Point, 10, { drop: ({ id }, index) => dropped.push([id, index]) });
    for (let i = 0; i < count; i++) {
      arena.push({ id: i + 10 });
    }
    return { arena, dropped };
  }

  describe.each(WAYS)('by %s,', (way) => {
    it('is called once for each record, the newest first, and finds it as it was left', () => {
      const { arena, dropped } = noting();
      arena.at(2).id = 99;
      arena[way]();
      expect(dropped).toEqual([
        [14, 4],
        [13, 3],
        [99, 2],
        [11, 1],
        [10, 0],
      ]);
    });

    it('is called for no record of an earlier round', () => {
      const { arena, dropped } = noting();
      arena.reset();
      dropped.length = 0;
      arena.push({ id: 1 });
      arena[way]();
      expect(dropped).toEqual([[1, 0]]);
    });

    it('is not called when there is no record', () => {
      const { arena, dropped } = noting(0);
      arena[way]();
      expect(dropped).toEqual([]);
    });

    it('is given one reference, which moves, is of the class, and stale afterwards', () => {
      const seen = new Set<Point>();
      const arena = new Arena(Point, 10, {
        drop(record) {
          expect(record.doubled).toBe(2 * record.x);
          seen.add(record);
        },
      });
      arena.push({ x: 1 });
      arena.push({ x: 2 });
      arena[way]();
      expect(seen.size).toBe(1);
      const [reference] = seen;
      expect(reference).toBeInstanceOf(Point);
      expect(codeOf(() => reference!.x)).toBe('ERR_OFFHEAP_STALE');
      expect(codeOf(() => (reference!.x = 1))).toBe('ERR_OFFHEAP_STALE');
    });

    it('throws its error on, after all others have run', () => {
      const error = new Error('from a hook');
      const dropped: number[] = [];
      const arena = new Arena(Point, 10, {
        drop(_record, index) {
          dropped.push(index);
          if (index === 1) {
            throw error;
          }
        },
      });
      for (let round = 0; round < 3; round++) {
        arena.push({});
      }
      expect(
        errorOf(() => {
          arena[way]();
        }),
      ).toBe(error);
      expect(dropped).toEqual([2, 1, 0]);
      if (way === 'reset') {
        expect([arena.length, arena.used]).toEqual([0, 0]);
        expect(arena.push({ id: 5 })).toBe(0);
        expect(arena.at(0).id).toBe(5);
      } else {
        expect(codeOf(() => arena.length)).toBe('ERR_OFFHEAP_DISPOSED');
      }
      dropped.length = 0;
      arena.dispose();
      expect(dropped).toEqual(way === 'reset' ? [0] : []);
    });

    it('throws several errors as one', () => {
      const thrown: Error[] = [];
      const arena = new Arena(Point, 10, {
        drop({ id }) {
          const error = new Error(`of ${id}`);
          thrown.push(error);
          throw error;
        },
      });
      for (let i = 0; i < 4; i++) {
        arena.push({ id: i });
      }
      const error = errorOf(() => {
        arena[way]();
      }) as AggregateError;
      expect(error).toBeInstanceOf(AggregateError);
      expect(error.errors).toEqual(thrown);
      expect(thrown.map(({ message }) => message)).toEqual(['of 3', 'of 2', 'of 1', 'of 0']);
      arena.dispose();
    });

    it('finds the arena closed: what it calls throws, and is not lost', () => {
      const calls: ((arena: TypedArena<Point>, record: Point) => unknown)[] = [
        (arena) => arena.push({ id: 1 }),
        (arena) => arena.pushValues(1, 2, true),
        (arena) => arena.alloc(),
        (arena) => arena.at(0),
        (arena) => arena.length,
        (arena) => arena.isEmpty,
        (arena) => arena.used,
        (arena) => arena.capacity,
        (arena) => arena.committed,
        (arena) => Array.from(arena),
        (arena) => arena.column('id'),
        (arena, record) => arena.indexOf(record),
        (arena) => {
          arena.forEach(() => undefined);
        },
        (arena) => {
          arena.reset();
        },
        (arena) => {
          arena.dispose();
        },
      ];
      let next = 0;
      const arena = new Arena(Point, calls.length, {
        drop(record) {
          calls[next++]!(arena, record);
        },
      });
      for (let i = 0; i < calls.length; i++) {
        arena.push({ id: i });
      }
      const { errors } = errorOf(() => {
        arena[way]();
      }) as AggregateError;
      expect(errors.map((error: { code: string }) => error.code)).toEqual(calls.map(() => 'ERR_OFFHEAP_EXCLUSIVE'));
      expect(next).toBe(calls.length);
      arena.dispose();
      expect(next).toBe(calls.length);
    });

    it('can let such a call go, and nothing has come of it', () => {
      const dropped: number[] = [];
      const arena: TypedArena<Point> = new Arena(Point, 10, {
        drop({ id }) {
          dropped.push(id);
          for (const attempt of [() => arena.push({ id: 7 }), () => arena.alloc()]) {
            expect(codeOf(attempt)).toBe('ERR_OFFHEAP_EXCLUSIVE');
          }
          for (const again of WAYS) {
            expect(
              codeOf(() => {
                arena[again]();
              }),
            ).toBe('ERR_OFFHEAP_EXCLUSIVE');
          }
        },
      });
      arena.push({ id: 1 });
      arena.push({ id: 2 });
      arena[way]();
      arena.dispose();
      expect(dropped).toEqual([2, 1]);
    });

    it('can follow links, and write', () => {
      const seen: (number | undefined)[] = [];
      const kept: object[] = [];
      const arena = new Arena(Body, 10, {
        drop(record) {
          const { next } = record;
          seen.push(next?.id);
          if (next !== null) {
            next.id += 100;
            next.name += ' seen';
            next.next = null;
            kept.push(next);
          }
        },
      });
      let before: Body | null = null;
      for (let id = 0; id < 4; id++) {
        before = arena.alloc({ id, next: before, name: `body ${id}` });
      }
      arena[way]();
      expect(seen).toEqual([2, undefined, 0, undefined]);
      expect(kept).toHaveLength(2);
      for (const reference of kept as { id: number }[]) {
        expect(codeOf(() => reference.id)).toBe('ERR_OFFHEAP_STALE');
      }
    });

    it('is called for records without fields', () => {
      const dropped: number[] = [];
      const Nothing = define({});
      const arena = new Arena(Nothing, 3, { drop: (_record, index) => dropped.push(index) });
      expect([arena.push({}), arena.pushValues(), arena.alloc()?.toObject()]).toEqual([0, 1, {}]);
      expect([arena.push({}), arena.alloc(), arena.length, arena.used]).toEqual([-1, null, 3, 0]);
      expect([...arena]).toHaveLength(3);
      arena[way]();
      expect(dropped).toEqual([2, 1, 0]);
      arena.dispose();
      expect(dropped).toHaveLength(3);
    });

    it('is not called for records that could not be added', () => {
      const dropped: number[] = [];
      const arena = new Arena(Body, 2, { textBytes: 8, drop: ({ id }) => dropped.push(id) });
      arena.push({ id: 1, name: 'first' });
      for (const init of [{ id: 2, kind: 'none' as never }, { id: 3, name: 'too long' }, { id: -1 }, null as never]) {
        expect(codeOf(() => arena.push(init))).toBeDefined();
      }
      arena.push({ id: 4 });
      expect([arena.push({ id: 5 }), arena.alloc({ id: 6 })]).toEqual([-1, null]);
      arena[way]();
      expect(dropped).toEqual([4, 1]);
    });
  });

  it('is not called again by a second dispose, nor after a reset', () => {
    const { arena, dropped } = noting(2);
    arena.reset();
    arena.reset();
    expect(dropped).toHaveLength(2);
    arena.push({});
    arena.dispose();
    arena.dispose();
    arena[Symbol.dispose]();
    expect(dropped).toHaveLength(3);
  });

  it('is called at the end of `using`', () => {
    const dropped: number[] = [];
    {
      using arena = new Arena(Point, 2, { drop: ({ id }) => dropped.push(id) });
      arena.push({ id: 1 });
    }
    expect(dropped).toEqual([1]);
  });

  it('can use another arena, even drop its records', () => {
    const dropped: string[] = [];
    const other = new Arena(Point, 10, { drop: ({ id }) => dropped.push(`other ${id}`) });
    const arena = new Arena(Point, 10, {
      drop({ id }) {
        dropped.push(`one ${id}`);
        other.push({ id });
        if (id === 1) {
          other.reset();
        }
      },
    });
    for (let id = 0; id < 3; id++) {
      arena.push({ id });
    }
    arena.reset();
    expect(dropped).toEqual(['one 2', 'one 1', 'other 1', 'other 2', 'one 0']);
    expect(other.length).toBe(1);
  });

  it('throws what it throws, be it undefined', () => {
    const generator = (function* () {
      yield;
    })();
    const arena = new Arena(Point, 1, { drop: () => generator.throw(undefined) });
    arena.push({});
    let thrown: unknown = 'nothing';
    try {
      arena.reset();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeUndefined();
    expect(arena.push({})).toBe(0);
  });

  it('is not shown what the arena is made of', () => {
    const receivers: unknown[] = [];
    const options = {
      drop(this: unknown): void {
        receivers.push(this);
      },
    };
    const arena = new Arena(Point, 1, options);
    arena.push({});
    arena.dispose();
    expect([undefined, options]).toContain(receivers[0]);
  });

  it('does not leave the arena closed when a constructor of the class throws', () => {
    let fails = false;
    class Failing extends Point {
      constructor(...internal: ConstructorParameters<typeof Point>) {
        super(...internal);
        if (fails) {
          throw new Error('from the constructor');
        }
      }
    }
    const arena = new Arena(Failing, 2, { drop: () => undefined });
    arena.push({ id: 1 });
    fails = true;
    expect(() => {
      arena.reset();
    }).toThrow('from the constructor');
    fails = false;
    expect(arena.length).toBe(0);
    arena.push({ id: 2 });
    expect(arena.at(0).id).toBe(2);
    arena.dispose();
  });
});
