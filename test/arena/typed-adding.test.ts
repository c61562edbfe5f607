import { bytes, u32 } from '../../lib';
import { codeOf } from './support';
import { TYPED } from './typed-support';

const NUMBERS = { id: 7, x: 1.5, on: true };

describe.each(TYPED)('%s adds records', (_title, { Arena, Point, Body, define }) => {
  it('by alloc, push and pushValues, in one order', () => {
    using arena = new Arena(Point, 10);
    expect(arena.push(NUMBERS)).toBe(0);
    expect(arena.pushValues(8, 2.5, false)).toBe(1);
    const third = arena.alloc({ id: 9, x: 3.5 })!;
    expect(arena.length).toBe(3);
    expect(third).toBeInstanceOf(Point);
    expect(third.toObject()).toEqual({ id: 9, x: 3.5, on: false });
    expect([...arena].map((record) => record.toObject())).toEqual([
      NUMBERS,
      { id: 8, x: 2.5, on: false },
      third.toObject(),
    ]);
    expect(arena.at(2).toObject()).toEqual(third.toObject());
    expect(arena.at(0).doubled).toBe(3);
  });

  it('with a field of every kind, the same by an init object and by values', () => {
    using arena = new Arena(Body, 10);
    const first = arena.alloc({ id: 1 })!;
    const init = {
      id: 2 ** 32 - 1,
      position: { x: 0.5, y: -0.25 },
      mass: 1e300,
      next: first,
      name: 'größer',
      tag: 'täg',
      kind: 'gas',
      data: Buffer.from([1, 2, 3]),
      path: [1, 65535],
      marks: ['b'],
      corners: [{ y: 3 }],
      wide: -(2n ** 127n),
    } as const;
    const by = [arena.alloc(init)!, arena.at(arena.push(init))];
    const { id, position, mass, next, name, tag, kind, data, path, marks, corners, wide } = init;
    by.push(arena.at(arena.pushValues(id, position, mass, next, name, tag, kind, data, path, marks, corners, wide)));
    for (const record of by) {
      expect(record.toObject()).toEqual({
        ...{ id, position, mass, next: 0, name, tag, kind, wide },
        data: Buffer.from([1, 2, 3, 0, 0, 0]),
        path: Uint16Array.of(1, 65535, 0),
        marks: ['b', 'a'],
        corners: [
          { x: 0, y: 3 },
          { x: 0, y: 0 },
        ],
      });
      expect(record.next!.id).toBe(1);
      expect(record.label).toBe('größer täg');
    }
  });

  it('with zero in what init leaves out, whatever was there before', () => {
    using arena = new Arena(Body, 4);
    const zero = arena.alloc()!.toObject();
    arena.reset();
    arena.push({ id: 9, mass: 9, name: 'nine', tag: 'nine', kind: 'ice', path: [9, 9, 9], wide: 9n });
    arena.reset();
    const again = arena.alloc({})!;
    expect(again.toObject()).toEqual(zero);
    expect(zero).toMatchObject({ id: 0, next: null, name: '', tag: '', kind: 'rock', wide: 0n });
    expect(arena.at(arena.push()).toObject()).toEqual(zero);
  });

  it('until it is full, and then answers with a value and changes nothing', () => {
    using arena = new Arena(Body, 2);
    arena.push({ id: 1 });
    arena.push({ id: 2, name: 'two' });
    const { used } = arena;
    const zero = arena.at(0).toObject();
    expect(arena.push({ id: 3, name: 'three' })).toBe(-1);
    expect(arena.alloc({ id: 3 })).toBeNull();
    const values = [3, {}, 0, null, 'three', '', 'rock', Buffer.alloc(0), [], [], [], 0n] as const;
    expect(arena.pushValues(...values)).toBe(-1);
    expect([arena.length, arena.used]).toEqual([2, used]);
    expect([...arena].map(({ id, name }) => [id, name])).toEqual([
      [1, ''],
      [2, 'two'],
    ]);
    arena.reset();
    expect(arena.pushValues(...values)).toBe(0);
    arena.at(0).id = 1;
    arena.at(0).name = '';
    expect(arena.at(0).toObject()).toEqual(zero);
  });

  it('not at all where a value does not fit, and changes nothing', () => {
    using arena = new Arena(Body, 10, { textBytes: 10 });
    using other = new Arena(Body, 1);
    arena.push({ name: '12345' });
    const { used } = arena;
    const refused: [unknown, string][] = [
      [{ id: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ id: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ position: { x: 1, y: '2' } }, 'ERR_INVALID_ARG_TYPE'],
      [{ position: 5 }, 'ERR_INVALID_ARG_TYPE'],
      [{ name: 'x', kind: 'fire' }, 'ERR_OUT_OF_RANGE'],
      [{ name: '123456' }, 'ERR_OFFHEAP_FULL'],
      [{ name: '123', next: other.alloc() }, 'ERR_OFFHEAP_FOREIGN_BLOCK'],
      [{ name: '123', next: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ wide: 2n ** 127n }, 'ERR_OUT_OF_RANGE'],
      [null, 'ERR_INVALID_ARG_TYPE'],
      [5, 'ERR_INVALID_ARG_TYPE'],
    ];
    for (const [init, code] of refused) {
      expect(codeOf(() => arena.push(init as object))).toBe(code);
      expect(codeOf(() => arena.alloc(init as object))).toBe(code);
      expect([arena.length, arena.used]).toEqual([1, used]);
    }
    expect(arena.push({ name: '54321' })).toBe(1);
  });

  it('from one value for each field, no more and no less', () => {
    using arena = new Arena(Point, 10);
    expect(codeOf(() => arena.pushValues())).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => arena.pushValues(1, 2))).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => arena.pushValues(1, 2, true, 4))).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => arena.pushValues(1, undefined as never, true))).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(() => arena.pushValues(true, 1, 2))).toBe('ERR_INVALID_ARG_TYPE');
    expect(arena.isEmpty).toBe(true);
  });

  it('that a getter of init adds meanwhile', () => {
    using arena = new Arena(Point, 10);
    const index = arena.push({
      get id() {
        arena.push({ id: 1 });
        return 2;
      },
    });
    expect(index).toBe(1);
    expect([...arena].map(({ id }) => id)).toEqual([1, 2]);
  });

  it('after a getter of init has started the arena over, or none when it was disposed of', () => {
    const arena = new Arena(Point, 10);
    arena.push({ id: 1 });
    const init = (end: 'reset' | 'dispose'): { id: number } => ({
      get id() {
        arena[end]();
        return 2;
      },
    });
    expect(arena.push(init('reset'))).toBe(0);
    expect([arena.length, arena.at(0).id]).toEqual([1, 2]);
    expect(codeOf(() => arena.push(init('dispose')))).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('whose bytes a getter of init makes longer, without touching other records', () => {
    using arena = new Arena(define({ inner: Body, last: Point }), 100);
    arena.push({});
    arena.push({ inner: { id: 5, wide: 5n }, last: NUMBERS });
    const before = arena.at(1).toObject();
    const buffer = new ArrayBuffer(6, { maxByteLength: 1024 });
    const init = {
      data: new Uint8Array(buffer),
      get path() {
        buffer.resize(1024);
        new Uint8Array(buffer).fill(255);
        return [];
      },
    };
    codeOf(() => ((arena.at(0) as { inner: unknown }).inner = init));
    expect(arena.at(0).last.toObject()).toEqual({ id: 0, x: 0, on: false });
    expect(arena.at(1).toObject()).toEqual(before);
  });

  it('whose bytes a getter of init takes away: all of it or nothing', () => {
    const Inner = define({ before: u32, data: bytes(6), after: u32 });
    using arena = new Arena(define({ inner: Inner }), 4);
    const record = arena.alloc({ inner: { before: 1, data: Buffer.from('abcdef'), after: 1 } })!;
    const before = record.toObject();
    const data = new Uint8Array(6).fill(5);
    const init = {
      before: 2,
      data,
      get after() {
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return 2;
      },
    };
    codeOf(() => ((record as { inner: unknown }).inner = init));
    const after = { inner: { before: 2, data: Buffer.alloc(6), after: 2 } };
    expect([before, after]).toContainEqual(record.toObject());
  });
});
