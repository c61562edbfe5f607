import { bytes, KiB, type TypedArena } from '../../lib';
import { codeOf, DETACHES } from './support';
import { type Body, TYPED } from './typed-support';

type Thief = (view: Uint8Array) => Promise<Uint8Array>;

/** Whoever gets a Buffer can take the whole ArrayBuffer behind it away; Node's own streams do. */
const THIEVES: [string, Thief][] = [
  [
    'a byte stream',
    async (view) => {
      const stream = new ReadableStream({
        type: 'bytes',
        start(controller) {
          controller.enqueue(view);
        },
      });
      const { value } = await stream.getReader().read();
      return value as Uint8Array;
    },
  ],
  [
    'a BYOB reader',
    async (view) => {
      const stream = new ReadableStream({
        type: 'bytes',
        pull(controller) {
          controller.byobRequest!.respond(1);
        },
      });
      const { value } = await stream.getReader({ mode: 'byob' }).read(view);
      return value!;
    },
  ],
];
if (DETACHES) {
  THIEVES.push([
    'transfer()',
    (view) => Promise.resolve(new Uint8Array((view.buffer as ArrayBuffer).transfer(), view.byteOffset, 1)),
  ]);
}

const NAMES = ['one', 'two', 'three'];

describe.each(TYPED)('%s, its ArrayBuffer taken away', (_title, { Arena, Body, Point, define, isLazy }) => {
  function filled(options: { drop?: (record: Body, index: number) => void } = {}): TypedArena<Body> {
    const arena = new Arena(Body, 5000, options);
    for (const [id, name] of NAMES.entries()) {
      arena.push({ id, name, tag: name, next: id > 0 ? arena.at(id - 1) : null, path: [id] });
    }
    return arena;
  }

  const expectNames = (arena: TypedArena<Body>): void => {
    expect(Array.from(arena, ({ id, name, tag }) => [id, name, tag])).toEqual(
      NAMES.map((name, id) => [id, name, name]),
    );
  };

  describe.each(THIEVES)('by %s,', (_thief, steal) => {
    const theft = (arena: TypedArena<Body>): Promise<Uint8Array> => steal(arena.at(1).data);

    if (isLazy) {
      it('keeps all records, through every reference', async () => {
        using arena = filled();
        const record = arena.at(2);
        const { position, marks, corners, next } = record;
        const columns = [arena.column('id'), arena.column('tag'), arena.column('name')];
        const stolen = await theft(arena);
        record.mass = 7;
        position.x = 8;
        marks[1] = 'b';
        corners[0]!.y = 9;
        next!.tag = 'second';
        record.name = 'a third that is longer';
        expect(columns.map((column) => column.at(2))).toEqual([2, 'three', 'a third that is longer']);
        expect(record.toObject()).toMatchObject({ mass: 7, position: { x: 8 }, marks: ['a', 'b'], next: 1 });
        expect([arena.at(1).tag, arena.indexOf(record)]).toEqual(['second', 2]);
        expect(new Uint8Array(stolen.buffer).length).toBeGreaterThan(0);
      });

      it('goes on at the next index', async () => {
        using arena = filled();
        await theft(arena);
        expect(arena.length).toBe(3);
        expect(arena.pushValues(3, {}, 1, arena.at(0), 'four', '', 'ice', Buffer.alloc(0), [], [], [], 0n)).toBe(3);
        expect(arena.alloc({ id: 4, next: arena.at(3) })!.next!.name).toBe('four');
        expect(Array.from(arena, ({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
      });

      it('grows on, and forEach and copyTo see everything', async () => {
        using arena = filled();
        const first = arena.at(0);
        const ids = arena.column('id');
        for (let i = 3; i < 3000; i++) {
          if (i % 500 === 0) {
            await theft(arena);
          }
          arena.push({ id: i });
        }
        await theft(arena);
        const copied = new Uint32Array(3000);
        expect(ids.copyTo(copied)).toBe(3000);
        expect(copied.every((id, i) => id === i)).toBe(true);
        await theft(arena);
        let wrong = 0;
        arena.forEach((record, i) => {
          wrong += record.id === i ? 0 : 1;
        });
        expect([wrong, first.tag]).toEqual([0, 'one']);
      });
    } else {
      it.each(['read', 'not read'])(
        'has lost its records: references are stale, nothing can be added (%s)',
        async (was) => {
          using arena = filled();
          const record = arena.at(2);
          const { position, marks, next } = record;
          const columns = [arena.column('id'), arena.column('tag')];
          await theft(arena);
          const uses: (() => unknown)[] = [
            () => record.id,
            () => (record.mass = 1),
            () => position.x,
            () => marks[0],
            () => next!.id,
            () => record.toObject(),
            () => columns[0]!.at(0),
            () => columns[1]!.at(0),
            () => arena.push({ id: 3 }),
            () => arena.alloc({ id: 3 }),
            () => arena.pushValues(3, {}, 1, null, 'four', '', 'ice', Buffer.alloc(0), [], [], [], 0n),
          ];
          const inOrder = was === 'read' ? uses : uses.reverse();
          expect(inOrder.map((use) => [String(use), codeOf(use)])).toEqual(
            inOrder.map((use) => [String(use), 'ERR_OFFHEAP_STALE']),
          );
          arena.reset();
          expect(arena.push({ id: 7, tag: 'new' })).toBe(0);
          expect([arena.length, arena.at(0).id, arena.at(0).tag]).toEqual([1, 7, 'new']);
          expect([codeOf(() => record.id), codeOf(() => next!.id)]).toEqual(['ERR_OFFHEAP_STALE', 'ERR_OFFHEAP_STALE']);
        },
      );

      it('does not pass for an empty arena', async () => {
        using arena = filled();
        await theft(arena);
        for (let time = 0; time < 2; time++) {
          expect(codeOf(() => arena.at(1).tag)).toBe('ERR_OFFHEAP_STALE');
          expect(codeOf(() => Array.from(arena, ({ id }) => id))).toBe('ERR_OFFHEAP_STALE');
          expect(
            codeOf(() => {
              arena.forEach(({ id }) => id);
            }),
          ).toBe('ERR_OFFHEAP_STALE');
        }
      });
    }

    it.each(['read', 'not'])('drops every record once (%s before)', async (before) => {
      const dropped: number[] = [];
      const arena = filled({ drop: (_record, index) => dropped.push(index) });
      const record = arena.at(0);
      await theft(arena);
      if (before === 'read') {
        codeOf(() => record.id);
      }
      arena.reset();
      expect(dropped).toEqual([2, 1, 0]);
      arena.dispose();
      expect(dropped).toHaveLength(3);
    });

    it('shows the thief nothing of what comes after reset', async () => {
      using arena = filled();
      const stolen = await theft(arena);
      arena.reset();
      for (let i = 0; i < 100; i++) {
        arena.push({ id: 0xeeeeeeee, data: Buffer.alloc(6, 0xee) });
      }
      const all = new Uint8Array(stolen.buffer);
      expect(all.includes(0xee)).toBe(false);
      all.fill(8);
      expect([...arena.column('id')].every((id) => id === 0xeeeeeeee)).toBe(true);
      expect([...(arena.at(99).data as Iterable<number>)]).toEqual(Array(6).fill(0xee));
    });

    it('shows the thief of an earlier, shorter buffer nothing of it, either', async () => {
      using arena = filled();
      const early = arena.at(1).data;
      while (arena.push({ data: Buffer.alloc(1) }) < 4000) {
        // it grows
      }
      const stolen = await steal(early);
      arena.reset();
      while (arena.push({ id: 0xeeeeeeee, data: Buffer.alloc(6, 0xee) }) < 4000) {
        // over the same memory
      }
      const all = new Uint8Array(stolen.buffer);
      expect(all.includes(0xee)).toBe(false);
      all.fill(8);
      expect([...arena.column('id')].every((id) => id === 0xeeeeeeee)).toBe(true);
    });

    it('leaves the thief valid memory after dispose', async () => {
      const arena = filled();
      const stolen = await theft(arena);
      arena.dispose();
      const all = new Uint8Array(stolen.buffer);
      all.fill(1);
      expect(all.at(-1)).toBe(1);
    });
  });

  it('by structured clone, where the runtime does that, is as above, and else as ever', () => {
    using arena = filled();
    const { buffer } = arena.at(0).data;
    let taken = false;
    try {
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
      taken = buffer.byteLength === 0;
    } catch (error) {
      expect((error as Error).name).toBe('DataCloneError');
    }
    if (isLazy) {
      expectNames(arena);
    } else {
      expect(taken).toBe(true);
      expect(codeOf(() => arena.at(0).id)).toBe('ERR_OFFHEAP_STALE');
    }
    arena.reset();
    for (const [id, name] of NAMES.entries()) {
      arena.push({ id, name, tag: name });
    }
    expectNames(arena);
  });

  it('by a drop hook, is dropped to the end', () => {
    const dropped: number[] = [];
    const arena = filled({
      drop(record, index) {
        dropped.push(index);
        const { buffer } = record.data;
        try {
          structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
        } catch {
          // an external one
        }
      },
    });
    codeOf(() => {
      arena.reset();
    });
    expect(dropped).toEqual([2, 1, 0]);
    expect(arena.push({ id: 5, tag: 'five' })).toBe(0);
    expect(arena.at(0).tag).toBe('five');
    codeOf(() => {
      arena.dispose();
    });
    expect(dropped).toEqual([2, 1, 0, 0]);
  });

  it('goes on when there was nothing in it', () => {
    const Empty = define({ none: bytes(0), inner: Point });
    const Nothing = define({ none: bytes(0) });
    for (const Struct of [Empty, Nothing] as (typeof Nothing)[]) {
      using arena = new Arena(Struct, 64 * KiB);
      for (let round = 0; round < 3; round++) {
        arena.push({});
        const { buffer } = arena.at(0).none;
        try {
          structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
        } catch (error) {
          expect((error as Error).name).toBe('DataCloneError');
        }
        arena.reset();
        expect([arena.push({}), arena.push({}), arena.length]).toEqual([0, 1, 2]);
        expect(arena.at(1).none).toHaveLength(0);
        arena.reset();
      }
    }
  });

  it('by nobody: a clone of bytes is a copy', () => {
    using arena = filled();
    const clone = structuredClone(arena.at(1).path);
    arena.at(1).path[0] = 50;
    expect([clone[0], arena.at(1).path[0]]).toEqual([1, 50]);
  });
});
