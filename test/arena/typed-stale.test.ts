import { type Column, KiB, type TypedArena } from '../../lib';
import { recordsOfArena } from '../../lib/arena/typed-arena';
import { codeOf, DETACHES } from './support';
import { type Body, errorOf, TYPED } from './typed-support';

const INIT = {
  id: 1,
  position: { x: 1, y: 2 },
  mass: 5,
  name: 'name',
  tag: 'tag',
  kind: 'ice',
  data: Buffer.from('abcdef'),
  path: [1, 2, 3],
  marks: ['b', 'b'],
  corners: [{ x: 1 }, { y: 2 }],
  wide: 99n,
} as const;

/** What the type of a link knows of a record: its fields. */
type Fields = NonNullable<Body['next']>;

/** Every way to read a record, all of which work while it lives. */
const READS: [string, (record: Fields) => unknown][] = [
  ['a number', ({ id }) => id],
  ['a double', ({ mass }) => mass],
  ['a field of a nested struct', ({ position }) => position.x],
  ['a link', ({ next }) => next],
  ['a text', ({ name }) => name],
  ['a string', ({ tag }) => tag],
  ['a choice', ({ kind }) => kind],
  ['bytes', ({ data }) => data],
  ['an array of numbers', ({ path }) => path],
  ['an array of choices', ({ marks }) => marks],
  ['an array of structs', ({ corners }) => corners[1]!.y],
  ['a wide integer', ({ wide }) => wide],
  ['a plain object of it', (record) => record.toObject()],
  ['JSON of it', (record) => JSON.stringify(record)],
  ['its entries', (record) => [...record]],
];

const WRITES: [string, (record: Fields) => void][] = [
  ['a number', (record) => (record.id = 2)],
  ['a double', (record) => (record.mass = 2)],
  ['a field of a nested struct', (record) => (record.position.x = 2)],
  ['a nested struct', (record) => ((record as { position: unknown }).position = { x: 2 })],
  ['no link', (record) => (record.next = null)],
  ['a text', (record) => (record.name = 'x')],
  ['no text', (record) => (record.name = '')],
  ['a string', (record) => (record.tag = 'x')],
  ['a choice', (record) => (record.kind = 'gas')],
  ['bytes', (record) => ((record as { data: unknown }).data = Buffer.alloc(1))],
  ['an array', (record) => ((record as { path: unknown }).path = [5])],
  [
    'an array of choices',
    (record) => {
      record.marks.set(['a']);
    },
  ],
  ['an array of structs', (record) => ((record as { corners: unknown }).corners = [])],
  ['a wide integer', (record) => (record.wide = 2n)],
];

const ENDS = ['reset', 'dispose'] as const;

describe.each(TYPED)('%s', (_title, { Arena, Body, Point, isLazy }) => {
  describe.each(ENDS)('after %s', (end) => {
    /** What a program may hold of a record when its arena starts over. */
    function hold(): { arena: TypedArena<Body>; zero: unknown; held: Fields[] } {
      const arena = new Arena(Body, 10);
      const zero = arena.alloc()!.toObject();
      arena.reset();
      const record = arena.alloc(INIT)!;
      record.next = record;
      const held: Fields[] = [record, arena.at(0), record.next, ...arena];
      arena.forEach((each) => held.push(each));
      for (const [, read] of READS) {
        held.forEach((each) => read(each));
      }
      arena[end]();
      return { arena, zero, held };
    }

    it('no reference shows anything, or changes what comes next', () => {
      const { arena, zero, held } = hold();
      const isUsable = end === 'reset';
      for (let round = 0; round < 2; round++) {
        for (const [what, use] of [...READS, ...WRITES]) {
          expect(held.map((record) => [what, codeOf(() => use(record))])).toEqual(
            held.map(() => [what, 'ERR_OFFHEAP_STALE']),
          );
        }
        if (isUsable && round === 0) {
          arena.push();
        }
      }
      if (isUsable) {
        expect(arena.at(0).toObject()).toEqual(zero);
      }
      arena.dispose();
    });

    it('no nested record, no array and no link does, either', () => {
      const arena = new Arena(Body, 10);
      const { position, marks, corners } = arena.alloc(INIT)!;
      const corner = corners[0]!;
      arena[end]();
      if (end === 'reset') {
        arena.push(INIT);
      }
      const uses: (() => unknown)[] = [
        () => position.x,
        () => (position.x = 9),
        () => position.toObject(),
        () => marks[0],
        () => marks.at(1),
        () => (marks[0] = 'a'),
        () => marks.fill('a'),
        () => [...marks],
        () => corners.at(1)!.x,
        () => corner.y,
        () => (corner.y = 9),
      ];
      expect(uses.map(codeOf)).toEqual(uses.map(() => 'ERR_OFFHEAP_STALE'));
      if (end === 'reset') {
        expect(arena.at(0).toObject()).toMatchObject({ position: INIT.position, marks: ['b', 'b'] });
      }
      arena.dispose();
    });

    function columnsOf(arena: TypedArena<Body>): { column: Column; fresh: () => void }[] {
      arena.push(INIT);
      arena.push(INIT);
      const fresh = (): void => {
        arena.push({ id: 2 });
        arena.push({ id: 2 });
      };
      return (['id', 'name', 'position', 'kind', 'next'] as const).map((name) => {
        const column = arena.column(name) as Column;
        expect([...column]).toHaveLength(2);
        return { column, fresh: end === 'reset' ? fresh : () => undefined };
      });
    }

    it('no column gives a value', () => {
      const arena = new Arena(Body, 10);
      const columns = columnsOf(arena);
      arena[end]();
      columns[0]!.fresh();
      for (const { column } of columns) {
        expect(codeOf(() => column.at(0))).toBe('ERR_OFFHEAP_STALE');
        expect(codeOf(() => column.at(5))).toBe('ERR_OFFHEAP_STALE');
        expect(codeOf(() => column.copyTo([0, 0]))).toBe('ERR_OFFHEAP_STALE');
      }
      arena.dispose();
    });

    it('no column goes on copying', () => {
      const arena = new Arena(Body, 10);
      const columns = columnsOf(arena);
      const { column, fresh } = columns[0]!;
      const copied: unknown[] = [];
      const target = new Proxy([0, 0] as unknown[], {
        set(_target, key, value) {
          copied.push(value);
          if (key === '0') {
            arena[end]();
            fresh();
          }
          return true;
        },
      });
      expect(codeOf(() => column.copyTo(target))).toBe('ERR_OFFHEAP_STALE');
      expect(copied).toEqual([1]);
      arena.dispose();
    });

    it('no column passes for an empty one', () => {
      const arena = new Arena(Body, 10);
      const columns = columnsOf(arena);
      arena[end]();
      columns[0]!.fresh();
      for (const { column } of columns) {
        expect(codeOf(() => [...column])).toBe('ERR_OFFHEAP_STALE');
      }
      arena.dispose();
    });

    it('an iteration that was begun before ends', () => {
      const arena = new Arena(Body, 10);
      const { column, fresh } = columnsOf(arena)[0]!;
      const records = arena[Symbol.iterator]();
      const values = column[Symbol.iterator]();
      expect([records.next().done, values.next().done]).toEqual([false, false]);
      arena[end]();
      fresh();
      expect(records.next()).toEqual({ done: true, value: undefined });
      let value: unknown;
      codeOf(() => (value = (values.next() as { value: unknown }).value));
      expect(value).toBeUndefined();
      arena.dispose();
    });

    it('a record cannot be linked to', () => {
      const arena = new Arena(Body, 10);
      const other = new Arena(Body, 10);
      const old = arena.alloc()!;
      arena[end]();
      const live = end === 'reset' ? arena.alloc()! : other.alloc()!;
      expect(codeOf(() => (live.next = old))).toBe('ERR_OFFHEAP_STALE');
      expect(codeOf(() => other.push({ next: old }))).toBe('ERR_OFFHEAP_STALE');
      expect(live.next).toBeNull();
      arena.dispose();
    });
  });

  describe('Buffers and typed arrays of an earlier round', () => {
    type Views = [Buffer, Uint16Array, Buffer];

    function viewsOf(arena: TypedArena<Body>): Views {
      const record = arena.alloc(INIT)!;
      return [record.data, record.path, arena.column('data').at(0)];
    }

    function expectApart(arena: TypedArena<Body>, views: readonly Uint8Array[] | Views): void {
      const next = arena.alloc({ ...INIT, data: Buffer.from('uvwxyz'), path: [7, 8, 9] })!;
      for (const view of views) {
        const values = Array.from({ length: view.length }, (_, index) => view[index]);
        expect([values.includes(120), values.includes(8)]).toEqual([false, false]);
        values.forEach((_value, index) => (view[index] = 0x2121));
      }
      expect(next.toObject()).toMatchObject({ data: Buffer.from('uvwxyz'), path: Uint16Array.of(7, 8, 9) });
    }

    it('neither show nor change what comes after a reset', () => {
      using arena = new Arena(Body, 10);
      const views = viewsOf(arena);
      arena.reset();
      if (DETACHES) {
        expect(views.map(({ length }) => length)).toEqual([0, 0, 0]);
      } else {
        // Memory that nobody else gets: its own bytes where it was an ArrayBuffer, zero else.
        expect(views[0].toString()).toBe(isLazy ? '\0'.repeat(6) : 'abcdef');
      }
      expectApart(arena, views);
      arena.reset();
      expectApart(arena, views);
    });

    it('neither do those that a drop hook has kept', () => {
      const kept: Buffer[] = [];
      using arena = new Arena(Body, 10, { drop: ({ data }) => kept.push(data) });
      arena.push(INIT);
      arena.reset();
      expect(kept).toHaveLength(1);
      expectApart(arena, kept);
    });

    it('neither do those from before the arena grew', () => {
      using arena = new Arena(Body, 10_000);
      const views = viewsOf(arena);
      while (arena.used < 300 * KiB) {
        arena.push({ id: 1 });
      }
      const later = viewsOf(arena).slice(0, 1) as [Buffer];
      arena.reset();
      expectApart(arena, [...views, ...later] as unknown as Views);
    });

    it('neither do they where the region cannot start over', () => {
      using arena = new Arena(Body, 10);
      const views = viewsOf(arena);
      const { region } = recordsOfArena(arena);
      // There is no other way to be out of memory just then.
      const reset = jest.spyOn(region, 'reset').mockImplementationOnce(() => {
        throw new Error('no memory');
      });
      expect(
        errorOf(() => {
          arena.reset();
        }),
      ).toEqual(new Error('no memory'));
      expect(arena.length).toBe(0);
      expectApart(arena, views);
      expect(reset).toHaveBeenCalledTimes(2);
    });

    it('are left valid by dispose, and read nothing of anybody else', () => {
      const arena = new Arena(Body, 10);
      const views = viewsOf(arena);
      arena.dispose();
      using next = new Arena(Body, 10);
      expectApart(next, views);
    });
  });

  it('keeps references valid while it grows, and they see the same memory', () => {
    using arena = new Arena(Point, 200_000);
    const first = arena.alloc({ id: 1, x: 1 })!;
    const column = arena.column('x');
    const buffers = new Set<ArrayBuffer>();
    for (let i = 1; i < 200_000; i++) {
      arena.pushValues(i, i, false);
      if (i % 1000 === 0) {
        first.x += 1;
        buffers.add(recordsOfArena(arena).region.buffer);
        expect([arena.at(0).x, column.at(0), arena.indexOf(first)]).toEqual([first.x, first.x, 0]);
      }
    }
    expect(first.x).toBe(200);
    expect(buffers.size).toBeGreaterThanOrEqual(isLazy ? 5 : 1);
  });

  it('keeps links, arrays and nested records valid while it grows', () => {
    using arena = new Arena(Body, 5000);
    const first = arena.alloc(INIT)!;
    const { position, marks, corners, path } = first;
    while (arena.push() > 0) {
      // until it is full
    }
    const last = arena.at(4999);
    first.next = last;
    last.next = first;
    position.x = 77;
    marks[0] = 'a';
    corners[1]!.y = 66;
    path[0] = 55;
    expect(first.toObject()).toMatchObject({
      position: { x: 77, y: 2 },
      marks: ['a', 'b'],
      corners: [{ x: 1 }, { y: 66 }],
      path: Uint16Array.of(55, 2, 3),
      next: 4999,
    });
    expect(last.next.next!.next!.id).toBe(1);
  });
});
