import fc from 'fast-check';

import {
  array,
  BumpArena,
  bytes,
  self,
  struct as generatedStruct,
  text,
  TypedArena,
  TypedArenaLazy,
  u32,
  u8,
} from '../../lib';
import { assign, BACKENDS, codeOf, errorOf, expectRefused, structBy } from './support';

const ARENAS = [
  ['TypedArena', TypedArena],
  ['TypedArenaLazy', TypedArenaLazy],
] as const;

const CASES = BACKENDS.flatMap(([name, backend]) =>
  ARENAS.map(([arena, Arena]) => [name, arena, backend, Arena] as const),
);

describe.each(CASES)('With %s accessors, text in a %s', (_name, _arena, backend, Arena) => {
  const struct = structBy(backend);
  const S = struct({ before: u8, x: text, after: u8 });
  const STRIDE = 32;

  it('is a string of any length', () => {
    using arena = new Arena(S, 20, { textBytes: 2 ** 20 });
    const strings = ['', 'a', 'äöüß', '€', '😀', '\0', 'a\0b', 'x'.repeat(100_000), 'é'.repeat(100_000), '\ufeffbom'];
    strings.forEach((x, i) => {
      expect(arena.push({ before: 255, x, after: 255 })).toBe(i);
    });
    expect([...arena].map((record) => record.x)).toEqual(strings);
    expect(arena.used).toBe(
      strings.length * STRIDE + strings.reduce((sum, string) => sum + Buffer.byteLength(string), 0),
    );
    strings.forEach((_, i) => (arena.at(i).x = strings[strings.length - 1 - i]!));
    expect([...arena].map((record) => record.x)).toEqual(strings.toReversed());
    expect(arena.at(3).toObject()).toEqual({ before: 255, x: strings[6], after: 255 });
  });

  it('keeps half of a surrogate pair as U+FFFD, as all of Node does', () => {
    using arena = new Arena(S, 2);
    expect(arena.alloc({ x: 'a\ud800' })!.x).toBe('a\ufffd');
  });

  it('refuses what is no string', () => {
    for (const bad of [1, null, true, 1n, {}, ['a'], new String('a'), Buffer.from('a')]) {
      expectRefused(backend, text, { good: 'good', bad, code: 'ERR_INVALID_ARG_TYPE', hasText: true });
    }
  });

  it('grows in place while it is the last one', () => {
    using arena = new Arena(S, 4, { textBytes: 100 });
    const first = arena.alloc({ x: 'first' })!;
    const last = arena.alloc({ x: '' })!;
    const { used } = arena;
    for (let length = 1; length <= 95; length++) {
      last.x = 'x'.repeat(length);
      expect(arena.used).toBe(used + length);
    }
    expect(last.x).toBe('x'.repeat(95));
    expect(first.x).toBe('first');
    expect(codeOf(() => (last.x = 'x'.repeat(96)))).toBe('ERR_OFFHEAP_FULL');
    expect(last.x).toBe('x'.repeat(95));
  });

  it('grows in place while it is the last one, where a struct or an array around it is assigned', () => {
    const Outer = struct({ list: array(text, 2), inner: struct({ id: u8, a: text }) });
    using arena = new Arena(Outer, 1, { textBytes: 10 });
    const record = arena.alloc({ list: ['1', ''], inner: { a: '23456' } })!;
    assign(record, 'inner', { a: '234567890' });
    expect(record.toObject()).toEqual({ list: ['1', ''], inner: { id: 0, a: '234567890' } });
    expect(codeOf(() => assign(record, 'inner', { a: '2345678901' }))).toBe('ERR_OFFHEAP_FULL');
    arena.reset();
    const other = arena.alloc({ list: ['1', '23456'] })!;
    assign(other, 'list', ['a', '234567890']);
    expect([...other.list]).toEqual(['a', '234567890']);
  });

  it('moves to the end where it has to grow between others', () => {
    using arena = new Arena(S, 4, { textBytes: 100 });
    const first = arena.alloc({ x: 'first' })!;
    const second = arena.alloc({ x: 'second' })!;
    const { used } = arena;
    first.x = 'longer';
    expect([first.x, second.x]).toEqual(['longer', 'second']);
    expect(arena.used).toBe(used + 6);
    first.x = 'longer and last';
    expect([first.x, second.x]).toEqual(['longer and last', 'second']);
    expect(arena.used).toBe(used + 15);
  });

  it('uses its place for what is no longer, and remembers how large that is', () => {
    using arena = new Arena(S, 4, { textBytes: 16 });
    const before = arena.alloc({ x: 'abcd' })!;
    const record = arena.alloc({ x: '12345678' })!;
    const after = arena.alloc({ x: 'efgh' })!;
    const { used } = arena;
    for (const x of ['short', '', '€€', 'a', '87654321', 'ää', '12345678']) {
      record.x = x;
      expect([before.x, record.x, after.x]).toEqual(['abcd', x, 'efgh']);
    }
    expect(arena.used).toBe(used);
    expect(codeOf(() => (record.x = '123456789'))).toBe('ERR_OFFHEAP_FULL');
  });

  it('finds no room in a full space, and nothing has changed then', () => {
    using arena = new Arena(S, 10, { textBytes: 10 });
    const record = arena.alloc({ before: 1, x: '12345', after: 2 })!;
    const { used } = arena;
    const ways: (() => unknown)[] = [
      () => arena.alloc({ x: '123456' }),
      () => arena.push({ x: 'äöü' }),
      () => arena.pushValues(1, '123456', 2),
      () => (record.x = '12345678901'),
      () => (record.x = 'x'.repeat(1000)),
    ];
    for (const way of ways) {
      expect(codeOf(way)).toBe('ERR_OFFHEAP_FULL');
      expect([arena.length, arena.used]).toEqual([1, used]);
      expect(record.toObject()).toEqual({ before: 1, x: '12345', after: 2 });
    }
    expect(arena.push({ x: '67890' })).toBe(1);
    expect(errorOf(() => arena.push({ x: '1' })).message).toBe(
      'No room for a text of 1 bytes: of the 10 B of textBytes 0 B are left',
    );
    expect(arena.push({ x: '' })).toBe(2);
    expect([...arena].map(({ x }) => x)).toEqual(['12345', '67890', '']);
  });

  it('gives back what the first texts of a record took when there is no room for the next', () => {
    const Two = struct({ a: text, b: text, nested: struct({ c: text }) });
    using arena = new Arena(Two, 4, { textBytes: 10 });
    const record = arena.alloc({ a: 'one', b: 'two', nested: { c: '3' } })!;
    const { used } = arena;
    expect(codeOf(() => arena.push({ a: '1', b: '2', nested: { c: '33' } }))).toBe('ERR_OFFHEAP_FULL');
    expect(codeOf(() => arena.pushValues('1', '22', { c: '3' }))).toBe('ERR_OFFHEAP_FULL');
    expect(arena.used).toBe(used);
    expect(arena.push({ a: '1', b: '2', nested: { c: '3' } })).toBe(1);
    expect(record.toObject()).toEqual({ a: 'one', b: 'two', nested: { c: '3' } });
    expect(arena.at(1).toObject()).toEqual({ a: '1', b: '2', nested: { c: '3' } });
  });

  it('is kept when there is no room for all texts of a struct or an array that is assigned', () => {
    const Outer = struct({ inner: struct({ a: text, b: text }), list: array(text, 3) });
    using arena = new Arena(Outer, 1, { textBytes: 20 });
    const record = arena.alloc({ inner: { a: 'one', b: 'two' }, list: ['x', 'y', 'z'] })!;
    const before = record.toObject();
    const { used } = arena;
    const ways: (() => void)[] = [
      () => assign(record, 'inner', { a: '12345', b: '123456789' }),
      () => assign(record, 'list', ['12345', '123456789']),
      () => {
        record.list.set(['12345', '123456789'], 1);
      },
      () => record.list.fill('12345'),
      () => (record.list[0] = '123456789012'),
    ];
    for (const way of ways) {
      expect(codeOf(way)).toBe('ERR_OFFHEAP_FULL');
      expect(record.toObject()).toEqual(before);
      expect(arena.used).toBe(used);
    }
  });

  it('uses its place when a struct or an array around it is assigned', () => {
    const Outer = struct({ inner: struct({ a: text }), list: array(text, 2) });
    using arena = new Arena(Outer, 1, { textBytes: 100 });
    const record = arena.alloc({ inner: { a: 'abc' }, list: ['x', 'y'] })!;
    for (let i = 0; i < 100; i++) {
      assign(record, 'inner', { a: 'ABC' });
      assign(record, 'list', ['X', 'Y']);
      record.list.fill('Z');
    }
    expect(record.toObject()).toEqual({ inner: { a: 'ABC' }, list: ['Z', 'Z'] });
  });

  it('has 64 bytes for each record where nobody says it', () => {
    using arena = new Arena(S, 3);
    expect(arena.push({ x: 'x'.repeat(192) })).toBe(0);
    expect(codeOf(() => arena.push({ x: 'x' }))).toBe('ERR_OFFHEAP_FULL');
    expect(arena.used).toBe(STRIDE + 192);
  });

  it('finds all the room again after a reset, and nothing of what was there', () => {
    using arena = new Arena(S, 2, { textBytes: 10 });
    for (let round = 0; round < 5; round++) {
      expect(arena.push({ x: `round ${round}!!!` })).toBe(0);
      expect(codeOf(() => arena.push({ x: '1' }))).toBe('ERR_OFFHEAP_FULL');
      expect(arena.at(0).x).toBe(`round ${round}!!!`);
      expect(arena.alloc()!.x).toBe('');
      arena.reset();
      expect(arena.used).toBe(0);
      expect(arena.alloc()!.x).toBe('');
      arena.reset();
    }
  });

  it('cannot be had with textBytes 0, but for the empty one', () => {
    using arena = new Arena(S, 2, { textBytes: 0 });
    expect(arena.alloc({ x: '' })!.x).toBe('');
    expect(codeOf(() => arena.push({ x: 'a' }))).toBe('ERR_OFFHEAP_FULL');
  });

  it('is what a list of strings says, whatever is written in which order, alone or in structs and arrays', () => {
    const Many = struct({ x: text, list: array(text, 2), inner: struct({ a: text, b: text, links: array(self, 2) }) });
    using arena = new Arena(Many, 4, { textBytes: 150 });
    const string = fc.string({ unit: 'binary', maxLength: 10 });
    const value = fc.oneof(
      string.map((x) => ({ x })),
      fc.array(string, { maxLength: 2 }).map((list) => ({ list })),
      fc.record({ a: string, b: string }, { requiredKeys: [] }).map((inner) => ({ inner })),
    );
    const zero = { x: '', list: ['', ''], inner: { a: '', b: '', links: [null, null] } };
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), value), { maxLength: 60 }), (writes) => {
        arena.reset();
        const model = Array.from({ length: 4 }, () => structuredClone(zero));
        model.forEach(() => arena.push());
        for (const [i, write] of writes) {
          const { used } = arena;
          if (codeOf(() => Object.assign(arena.at(i), write)) === undefined) {
            const { x = model[i]!.x, list = model[i]!.list, inner = model[i]!.inner } = write as Partial<typeof zero>;
            model[i] = { x, list: [...list, '', ''].slice(0, 2), inner: { ...zero.inner, ...inner } };
          } else {
            expect(arena.used).toBe(used);
          }
          expect(arena.at(i).toObject()).toEqual(model[i]);
        }
        expect([...arena].map((record) => record.toObject())).toEqual(model);
      }),
      { seed: 42, numRuns: 100 },
    );
  });

  it('lies in memory as offset, length and capacity', () => {
    const Seen = struct({ memory: bytes(8), x: text });
    using arena = new Arena(Seen, 2, { textBytes: 100 });
    arena.push({ x: 'abc' });
    const record = arena.alloc({ x: 'äöü' })!;
    record.x = 'a';
    const place = new DataView(record.memory.buffer, record.memory.byteOffset + 8, 16);
    expect([place.getFloat64(0, true), place.getUint32(8, true), place.getUint32(12, true)]).toEqual([3, 1, 6]);
  });
});

describe('A struct with a text', () => {
  const S = generatedStruct({ id: u32, x: text });

  it.each([
    ['itself', S],
    ['nested', generatedStruct({ s: S })],
    ['in an array', generatedStruct({ list: array(text, 2) })],
    ['in an array of structs', generatedStruct({ list: array(S, 2) })],
  ] as const)('is refused by place, %s', (_where, Struct) => {
    using arena = new BumpArena(1024);
    const error = errorOf(() => arena.place(Struct as typeof S));
    expect(error.code).toBe('ERR_INVALID_ARG_VALUE');
    expect(error.message).toBe(
      'The argument "Struct" is invalid: it has a text field, and only typed arenas have room for texts',
    );
    expect(arena.used).toBe(0);
  });
});
