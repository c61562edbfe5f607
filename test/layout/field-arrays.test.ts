import { inspect } from 'node:util';

import { array, bool, bytes, i128, oneOf, self, str, text, TypedArena, u32, u8 } from '../../lib';
import { assign, BACKENDS, codeOf, errorOf, expectRefused, structBy } from './support';

describe.each(BACKENDS)('With %s accessors,', (_name, backend) => {
  const struct = structBy(backend);

  describe('an array that no typed array can hold', () => {
    const S = struct({ before: u8, x: array(str(4), 3), after: u8 });
    const make = (x: string[] = ['a', 'b', 'c']) => {
      const arena = new TypedArena(S, 2);
      return { arena, record: arena.alloc({ before: 255, x, after: 255 })! };
    };

    it('has length, at and indices, and reads undefined where there is nothing', () => {
      const { x } = make().record;
      expect(x.length).toBe(3);
      expect([x[0], x[1], x[2]]).toEqual(['a', 'b', 'c']);
      expect([x.at(0), x.at(2), x.at(-1), x.at(-3)]).toEqual(['a', 'c', 'c', 'a']);
      expect([x[3], x[-1], x[1.5], x.at(3), x.at(-4), x.at(NaN), x.at(2 ** 32), x.at(1.5)]).toEqual(Array(8));
    });

    it('can be iterated, spread and destructured', () => {
      const { x } = make().record;
      const [first, ...others] = x;
      expect([first, others]).toEqual(['a', ['b', 'c']]);
      expect(Array.from(x, (value) => value.toUpperCase())).toEqual(['A', 'B', 'C']);
    });

    it('writes one element by its index', () => {
      const { record } = make();
      record.x[1] = '1234';
      record.x[2] = '';
      expect(record.toObject()).toEqual({ before: 255, x: ['a', '1234', ''], after: 255 });
    });

    it('writes a run of elements by set', () => {
      const { record } = make();
      record.x.set(['1', '2']);
      expect([...record.x]).toEqual(['1', '2', 'c']);
      record.x.set(new Set(['3', '4']), 1);
      expect([...record.x]).toEqual(['1', '3', '4']);
      record.x.set([], 3);
      record.x.set({ length: 1, 0: '5' }, 2);
      expect(record.toObject()).toEqual({ before: 255, x: ['1', '3', '5'], after: 255 });
    });

    it('writes all elements by fill, and answers itself', () => {
      const { record } = make();
      const { x } = record;
      expect(x.fill('z')).toBe(x);
      expect(record.toObject()).toEqual({ before: 255, x: ['z', 'z', 'z'], after: 255 });
    });

    it.each([
      ['ERR_OUT_OF_RANGE', ['1', '12345'], 0],
      ['ERR_OUT_OF_RANGE', ['1', '2'], 2],
      ['ERR_OUT_OF_RANGE', ['1'], 3],
      ['ERR_OUT_OF_RANGE', [], 4],
      ['ERR_OUT_OF_RANGE', ['1'], -1],
      ['ERR_OUT_OF_RANGE', ['1'], 0.5],
      ['ERR_INVALID_ARG_TYPE', ['1'], '1'],
      ['ERR_INVALID_ARG_TYPE', ['1', 2], 0],
      ['ERR_INVALID_ARG_TYPE', '1', 0],
      ['ERR_INVALID_ARG_TYPE', null, 0],
    ])('throws %s for set(%j, %j), and nothing has changed', (code, values, start) => {
      const { record } = make();
      const set = (): void => {
        record.x.set(values as never, start as never);
      };
      expect(codeOf(set)).toBe(code);
      expect(record.toObject()).toEqual({ before: 255, x: ['a', 'b', 'c'], after: 255 });
    });

    it('changes nothing where a value does not fit', () => {
      const { record } = make();
      const ways: [string, () => unknown][] = [
        ['ERR_OUT_OF_RANGE', () => record.x.fill('12345')],
        ['ERR_INVALID_ARG_TYPE', () => record.x.fill(undefined as never)],
        ['ERR_OUT_OF_RANGE', () => (record.x[0] = '12345')],
        ['ERR_INVALID_ARG_TYPE', () => (record.x[0] = 5 as never)],
        ['ERR_OUT_OF_RANGE', () => assign(record, 'x', ['1', '2', '3', '4'])],
        ['ERR_OUT_OF_RANGE', () => assign(record, 'x', ['1', '12345'])],
      ];
      for (const [code, way] of ways) {
        expect(codeOf(way)).toBe(code);
        expect(record.toObject()).toEqual({ before: 255, x: ['a', 'b', 'c'], after: 255 });
      }
    });

    it('says which element a value was for', () => {
      const { x } = make().record;
      const set = (start: number) => (): void => {
        x.set(['1', '12345'], start);
      };
      expect(errorOf(set(0)).message).toContain('[1]"');
      expect(errorOf(set(1)).message).toContain('[2]"');
      expect(errorOf(() => (x[2] = '12345')).message).toContain('[2]"');
    });

    it('refuses to write where there is no element', () => {
      const { arena, record } = make();
      expect(() => (record.x[3] = 'd')).toThrow();
      expect(record.x[3]).toBeUndefined();
      expect(arena.at(0).toObject()).toEqual({ before: 255, x: ['a', 'b', 'c'], after: 255 });
    });

    it('is assigned as a whole, and what is left becomes zero', () => {
      const { record } = make();
      assign(record, 'x', ['1']);
      expect([...record.x]).toEqual(['1', '', '']);
      assign(record, 'x', make().record.x);
      expect([...record.x]).toEqual(['a', 'b', 'c']);
      assign(record, 'x', record.x);
      expect([...record.x]).toEqual(['a', 'b', 'c']);
    });

    it('is refused by its path', () => {
      const good = ['a'];
      expectRefused(backend, array(str(4), 3), { good, bad: ['b', '12345'], code: 'ERR_OUT_OF_RANGE', of: '[1]' });
      expectRefused(backend, array(str(4), 3), {
        good,
        bad: Array(4).fill(''),
        code: 'ERR_OUT_OF_RANGE',
        of: '.length',
      });
    });

    it('prints as an array', () => {
      const { x } = make().record;
      expect(JSON.stringify(x)).toBe('["a","b","c"]');
      expect(inspect(x)).toBe("[ 'a', 'b', 'c' ]");
    });
  });

  it('has indices for the first 1,024 elements, and at for all of them', () => {
    using arena = new TypedArena(struct({ x: array(bool, 1500) }), 1);
    const { x } = arena.alloc()!;
    x[1023] = true;
    x.set([true], 1499);
    expect([x[1023], x.at(1023), x.at(1024), x.at(1499), x.at(1500)]).toEqual([true, true, false, true, undefined]);
    expect([...x].filter(Boolean)).toHaveLength(2);
  });

  it('of structs gives references into the record', () => {
    class Point extends struct({ x: u32, y: u32 }) {
      sum(): number {
        return this.x + this.y;
      }
    }
    using arena = new TypedArena(struct({ before: u8, points: array(Point, 2) }), 2);
    const record = arena.alloc({ before: 1, points: [{ x: 1, y: 2 }, { y: 3 }] })!;
    expect(record.points[0]).toBeInstanceOf(Point);
    expect(record.points[0]!.sum()).toBe(3);
    record.points[1]!.x = 9;
    assign(record.points, '0', { x: 5 });
    expect(record.toObject()).toEqual({
      before: 1,
      points: [
        { x: 5, y: 0 },
        { x: 9, y: 3 },
      ],
    });
    expect(arena.alloc()!.toObject()).toEqual({
      before: 0,
      points: [
        { x: 0, y: 0 },
        { x: 0, y: 0 },
      ],
    });
    record.points.set([record.points[1]!]);
    expect(record.points.at(0)!.toObject()).toEqual({ x: 9, y: 3 });
    expectRefused(backend, array(Point, 2), {
      good: [{ x: 1 }],
      bad: [{ x: 2 }, { y: -1 }],
      code: 'ERR_OUT_OF_RANGE',
      of: '[1].y',
    });
  });

  it('of bytes gives Buffers over the record', () => {
    using arena = new TypedArena(struct({ x: array(bytes(2), 2) }), 1);
    const record = arena.alloc({ x: [Buffer.from('ab'), Buffer.from('c')] })!;
    record.x.at(1)![1] = 0x64;
    expect(Array.from(record.x, String)).toEqual(['ab', 'cd']);
    record.x[0] = Buffer.from('z');
    expect(record.toObject().x).toEqual([Buffer.from('z\0'), Buffer.from('cd')]);
  });

  it('of booleans, choices and 128-bit bigints gives these', () => {
    const S = struct({ flags: array(bool, 2), kinds: array(oneOf('a', 'b'), 2), wide: array(i128, 2) });
    using arena = new TypedArena(S, 1);
    const record = arena.alloc({ flags: [true], kinds: ['b', 'b'], wide: [-1n] })!;
    record.flags[1] = true;
    record.kinds[0] = 'a';
    record.wide[1] = 2n ** 126n;
    expect(record.toObject()).toEqual({ flags: [true, true], kinds: ['a', 'b'], wide: [-1n, 2n ** 126n] });
  });

  it('of links gives the records they link to', () => {
    using arena = new TypedArena(struct({ id: u32, links: array(self, 3) }), 4);
    const first = arena.alloc({ id: 1 })!;
    const second = arena.alloc({ id: 2, links: [first, null] })!;
    second.links[2] = second;
    expect(Array.from(second.links, (link) => link?.id)).toEqual([1, undefined, 2]);
    expect(second.links[2].links[0]!.id).toBe(1);
    expect(
      codeOf(() => {
        second.links.set([null, {} as never]);
      }),
    ).toBe('ERR_INVALID_ARG_TYPE');
    expect(second.toJSON()).toEqual({ id: 2, links: [0, null, 1] });
    second.links.fill(null);
    expect(second.toObject().links).toEqual([null, null, null]);
  });

  it('of links keeps all of them where one is of another arena', () => {
    const S = struct({ id: u32, links: array(self, 2) });
    using arena = new TypedArena(S, 4);
    using other = new TypedArena(S, 4);
    const stranger = other.alloc()!;
    const record = arena.alloc({ id: 1 })!;
    record.links.set([record, null]);
    for (const way of [
      () => {
        record.links.set([null, stranger]);
      },
      () => assign(record, 'links', [null, stranger]),
      () => (record.links[0] = stranger),
      () => record.links.fill(stranger),
      () => arena.push({ links: [record, stranger] }),
    ]) {
      expect(codeOf(way)).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(arena.length).toBe(1);
      expect(record.toObject()).toEqual({ id: 1, links: [0, null] });
    }
  });

  it('of texts grows them one by one', () => {
    using arena = new TypedArena(struct({ id: u32, notes: array(text, 3) }), 2, { textBytes: 20 });
    const record = arena.alloc({ id: 1, notes: ['one', 'two'] })!;
    record.notes[2] = '€';
    record.notes[2] = '€ and more';
    expect([...record.notes]).toEqual(['one', 'two', '€ and more']);
    expect(record.toJSON()).toEqual({ id: 1, notes: ['one', 'two', '€ and more'] });
    expect(
      codeOf(() => {
        record.notes.set(['1', 'longer', '3']);
      }),
    ).toBe('ERR_OFFHEAP_FULL');
    expect([...record.notes]).toEqual(['one', 'two', '€ and more']);
  });

  it('of bigints and structs of bigints can be given to JSON.stringify, alone or in its record', () => {
    const S = struct({ wide: array(i128, 2), structs: array(struct({ x: i128, list: array(u8, 2) }), 1) });
    using arena = new TypedArena(S, 1);
    const record = arena.alloc({ wide: [1n], structs: [{ x: 2n, list: [3] }] })!;
    expect(JSON.stringify(record)).toBe('{"wide":["1","0"],"structs":[{"x":"2","list":[3,0]}]}');
    expect(JSON.stringify(record.wide)).toBe('["1","0"]');
    expect(JSON.stringify(record.structs)).toBe('[{"x":"2","list":[3,0]}]');
  });
});
