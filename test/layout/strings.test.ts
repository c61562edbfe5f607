import fc from 'fast-check';

import {
  BumpArena,
  BumpArenaLazy,
  bytes,
  GiB,
  layoutOf,
  oneOf,
  str,
  TypedArena,
  TypedArenaLazy,
  u32,
  u8,
} from '../../lib';
import { assign, BACKENDS, codeOf, errorOf, expectRefused, structBy } from './support';

describe.each(BACKENDS)('With %s accessors,', (_name, backend) => {
  const struct = structBy(backend);

  describe('str', () => {
    const S = struct({ before: u8, x: str(8), after: u8 });

    it.each(['', 'a', 'exactly8', 'äöüß', '€€', '😀😀', 'a€😀', '\u{10ffff}ab', '\u0001\u007f', '\ufeffbom'])(
      'takes %j and leaves its neighbours alone',
      (x) => {
        using arena = new TypedArena(S, 4);
        using bump = new BumpArena(64);
        const record = arena.alloc({ before: 255, x, after: 255 })!;
        expect(record.toObject()).toEqual({ before: 255, x, after: 255 });
        record.x = '12345678';
        record.x = x;
        expect(record.toObject()).toEqual({ before: 255, x, after: 255 });
        expect(arena.at(arena.pushValues(255, x, 255)).toObject()).toEqual(record.toObject());
        expect(bump.place(S, { x })!.x).toBe(x);
      },
    );

    it.each(['123456789', 'äöüßa', '€€€', '😀😀a', 'a'.repeat(1000), '\ud800\ud800\ud800'])(
      'refuses %j, which takes more than 8 bytes as UTF-8',
      (bad) => {
        expectRefused(backend, str(8), { good: 'good', bad, code: 'ERR_OUT_OF_RANGE' });
      },
    );

    it('refuses U+0000, which ends a string in memory', () => {
      for (const bad of ['\0', 'a\0', '\0b', 'a\0b']) {
        expectRefused(backend, str(8), { good: 'good', bad, code: 'ERR_OUT_OF_RANGE' });
      }
    });

    it('refuses what is no string', () => {
      for (const bad of [1, null, true, 1n, {}, ['a'], new String('a'), Buffer.from('a'), Symbol('a')]) {
        expectRefused(backend, str(8), { good: 'good', bad, code: 'ERR_INVALID_ARG_TYPE' });
      }
    });

    it('keeps half of a surrogate pair as U+FFFD, as all of Node does', () => {
      using arena = new TypedArena(S, 1);
      const record = arena.alloc({ x: 'a\ud800b' })!;
      expect(record.x).toBe('a\ufffdb');
      record.x = '\udc00\ud800';
      expect(record.x).toBe('\ufffd\ufffd');
    });

    it('is padded with zeroes, whatever was there before', () => {
      using arena = new BumpArena(16);
      arena.views.u8.fill(255);
      const record = arena.place(S, { x: 'ab' })!;
      const inMemory = (): string => Buffer.from(arena.buffer, 1, 8).toString('latin1');
      expect(inMemory()).toBe('ab\0\0\0\0\0\0');
      record.x = 'äöüß';
      record.x = 'ä';
      expect(inMemory()).toBe('\xc3\xa4\0\0\0\0\0\0');
    });

    it('of no bytes takes the empty string alone', () => {
      expectRefused(backend, str(0), { good: '', bad: 'a', code: 'ERR_OUT_OF_RANGE' });
    });

    it('takes every string that fits, and no other', () => {
      using arena = new TypedArena(struct({ x: str(12), after: u32 }), 1);
      const record = arena.alloc({ after: 7 })!;
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 14 }), (value) => {
          const fits = Buffer.byteLength(value) <= 12 && !value.includes('\0');
          const before = record.x;
          const code = codeOf(() => (record.x = value));
          expect(code).toBe(fits ? undefined : 'ERR_OUT_OF_RANGE');
          expect(record.toObject()).toEqual({ x: fits ? value : before, after: 7 });
        }),
        { seed: 42, numRuns: 500 },
      );
    });
  });

  describe('bytes', () => {
    const S = struct({ before: u8, x: bytes(4), after: u8 });

    it('is read as a Buffer over the record itself', () => {
      using arena = new TypedArena(S, 1);
      const record = arena.alloc({ before: 255, x: Buffer.from([1, 2, 3, 4]), after: 255 })!;
      const { x } = record;
      expect(Buffer.isBuffer(x)).toBe(true);
      expect(x).toEqual(Buffer.from([1, 2, 3, 4]));
      x[0] = 9;
      x.writeUInt16LE(0x0201, 2);
      expect(record.x.toString('hex')).toBe('09020102');
      expect(record.toObject()).toEqual({ before: 255, x: Buffer.from([9, 2, 1, 2]), after: 255 });
    });

    it('takes shorter ones, and fills what is left with zeroes', () => {
      using arena = new TypedArena(S, 3);
      const record = arena.alloc({ x: new Uint8Array([1, 2, 3, 4]) })!;
      assign(record, 'x', new Uint8Array([5]));
      expect([...record.x]).toEqual([5, 0, 0, 0]);
      assign(record, 'x', Buffer.alloc(0));
      expect([...record.x]).toEqual([0, 0, 0, 0]);
      expect([...arena.at(arena.push({ x: new Uint8Array([1, 2]).subarray(1) })).x]).toEqual([2, 0, 0, 0]);
    });

    it('copies what it is given, even from itself', () => {
      using arena = new TypedArena(S, 1);
      const source = Buffer.from([1, 2, 3, 4]);
      const record = arena.alloc({ x: source })!;
      source.fill(0);
      expect([...record.x]).toEqual([1, 2, 3, 4]);
      assign(record, 'x', record.x.subarray(1));
      expect([...record.x]).toEqual([2, 3, 4, 0]);
    });

    it('refuses longer ones', () => {
      for (const bad of [Buffer.alloc(5), new Uint8Array(1000)]) {
        expectRefused(backend, bytes(4), { good: Buffer.from('good'), bad, code: 'ERR_OUT_OF_RANGE' });
      }
    });

    it('refuses what is neither Buffer nor Uint8Array', () => {
      const others = [new Uint8ClampedArray(2), new Int8Array(2), new DataView(new ArrayBuffer(2)), new ArrayBuffer(2)];
      for (const bad of [...others, [1, 2], 'ab', null, 1, { length: 2, 0: 1, 1: 1 }]) {
        expectRefused(backend, bytes(4), { good: Buffer.from('good'), bad, code: 'ERR_INVALID_ARG_TYPE' });
      }
    });

    it('does not believe a forged length', () => {
      const forge = (length: number, claimed: number): Uint8Array =>
        Object.defineProperty(new Uint8Array(length).fill(255), 'length', { value: claimed });
      expectRefused(backend, bytes(4), { good: Buffer.from('good'), bad: forge(5, 1), code: 'ERR_OUT_OF_RANGE' });
      using arena = new TypedArena(S, 1);
      const record = arena.alloc({ x: forge(2, 4), after: 1 })!;
      expect(record.toObject()).toEqual({ before: 0, x: Buffer.from([255, 255, 0, 0]), after: 1 });
    });

    it('does not write beyond its end what has grown since it was looked at', () => {
      const L = struct({ x: bytes(4), y: u32 });
      const Pair = struct({ y: u8, list: struct({ first: L, second: L }) });
      using arena = new TypedArena(Pair, 2);
      const first = arena.alloc()!;
      const next = arena.alloc({ y: 7, list: { first: { y: 7 } } })!;
      const buffer = new ArrayBuffer(4, { maxByteLength: 4096 });
      const growing = new Uint8Array(buffer);
      const init = {
        second: {
          x: growing,
          get y(): number {
            buffer.resize(24);
            growing.fill(255);
            return 1;
          },
        },
      };
      codeOf(() => assign(first, 'list', init));
      expect(next.toObject()).toMatchObject({ y: 7, list: { first: { y: 7 } } });
    });

    it('runs no code of a value that has grown, when it writes it', () => {
      using arena = new TypedArena(struct({ x: bytes(4), y: u32 }), 2);
      const buffer = new ArrayBuffer(4, { maxByteLength: 64 });
      const ran = jest.fn(() => new ArrayBuffer(8));
      const growing = Object.defineProperty(new Uint8Array(buffer), 'buffer', { get: ran });
      const init = {
        x: growing,
        get y(): number {
          buffer.resize(16);
          return 9;
        },
      };
      codeOf(() => arena.push(init));
      expect(ran).not.toHaveBeenCalled();
    });

    it.each([
      ['TypedArena', TypedArena],
      ['TypedArenaLazy', TypedArenaLazy],
    ] as const)('gives out Buffers that see nothing of a later round of a %s', (_arena, Arena) => {
      using arena = new Arena(S, 1);
      const { x } = arena.alloc({ x: Buffer.from('old!') })!;
      arena.reset();
      const record = arena.alloc({ x: Buffer.from('new!') })!;
      expect(x[0]).not.toBe('n'.charCodeAt(0)); // it may have been detached
      x[0] = 0;
      expect(record.x.toString()).toBe('new!');
    });
  });

  describe('oneOf', () => {
    const many = (count: number): [string, ...string[]] => Array.from({ length: count }, (_, i) => `c${i}`) as [string];

    it('is one of its choices, the first by default', () => {
      const S = struct({ kind: oneOf('star', 'planet', 'ünï 😀', '') });
      using arena = new TypedArena(S, 10);
      expect(arena.alloc()!.kind).toBe('star');
      for (const kind of ['star', 'planet', 'ünï 😀', ''] as const) {
        const record = arena.alloc({ kind })!;
        expect(record.kind).toBe(kind);
        record.kind = 'planet';
        expect(record.kind).toBe('planet');
      }
    });

    it.each([
      [1, 1],
      [2, 1],
      [256, 1],
      [257, 2],
      [65536, 2],
    ])('of %d choices takes %d byte(s)', (count, size) => {
      const S = struct({ before: u8, x: oneOf(...many(count)), after: u8 });
      expect(layoutOf(S)).toMatchObject({ size: 3 * size, align: size, offsets: { x: size } });
      using arena = new TypedArena(S, 2);
      const record = arena.alloc({ before: 255, x: `c${count - 1}`, after: 255 })!;
      expect(record.toObject()).toEqual({ before: 255, x: `c${count - 1}`, after: 255 });
      record.x = 'c0';
      expect(record.toObject()).toEqual({ before: 255, x: 'c0', after: 255 });
    });

    it('refuses what is no choice', () => {
      for (const bad of ['c', 'A', '', 'a ', 'constructor', '__proto__', '0']) {
        expectRefused(backend, oneOf('a', 'b'), { good: 'b', bad, code: 'ERR_OUT_OF_RANGE' });
      }
      for (const bad of [0, 1, null, true, ['a'], new String('a')]) {
        expectRefused(backend, oneOf('a', 'b'), { good: 'b', bad, code: 'ERR_INVALID_ARG_TYPE' });
      }
    });

    it('says which choices there are', () => {
      using arena = new TypedArena(struct({ kind: oneOf('a', 'b') }), 1);
      expect(errorOf(() => arena.push({ kind: 'c' as never })).message).toBe(
        `The value of "kind" is out of range. It must be one of 'a', 'b'. Received type string ("c")`,
      );
    });

    it('answers ERR_OFFHEAP_FORMAT for memory that holds no choice', () => {
      using arena = new BumpArena(8);
      const record = arena.place(struct({ kind: oneOf('a', 'b') }))!;
      arena.views.u8[0] = 2;
      expect(codeOf(() => record.kind)).toBe('ERR_OFFHEAP_FORMAT');
      record.kind = 'b';
      expect(record.kind).toBe('b');
    });
  });

  it('strings and bytes beyond 2 GiB are where they were written', () => {
    using arena = new BumpArenaLazy(3 * GiB);
    arena.allocOffset(2.5 * GiB);
    const record = arena.place(struct({ s: str(8), b: bytes(3), k: oneOf('a', 'b') }), { s: 'häl', k: 'b' })!;
    record.b.set([1, 2, 3]);
    expect(record.toObject()).toEqual({ s: 'häl', b: Buffer.from([1, 2, 3]), k: 'b' });
    assign(record, 'b', Buffer.from([9]));
    record.s = 'ab';
    expect(record.toObject()).toEqual({ s: 'ab', b: Buffer.from([9, 0, 0]), k: 'b' });
  });
});

describe('The types of strings', () => {
  it.each([-1, 0.5, NaN, 2 ** 31, Infinity])('refuse a size of %d', (size) => {
    expect(codeOf(() => str(size))).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => bytes(size))).toBe('ERR_OUT_OF_RANGE');
  });

  it('refuse a size that is no number', () => {
    for (const size of [undefined, '4', null, 4n]) {
      expect(codeOf(() => str(size as never))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => bytes(size as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
  });

  it('refuse no choice, the same choice twice, more than 65,536, and what is no string', () => {
    const codeFor = (choices: unknown[]): string | undefined =>
      codeOf(() => Reflect.apply(oneOf, null, choices as [string]));
    expect(codeFor([])).toBe('ERR_OUT_OF_RANGE');
    expect(codeFor(['a', 'b', 'a'])).toBe('ERR_OUT_OF_RANGE');
    expect(codeFor(Array.from({ length: 65537 }, (_, i) => `c${i}`))).toBe('ERR_OUT_OF_RANGE');
    expect(codeFor(['a', 1])).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeFor([['a', 'b']])).toBe('ERR_INVALID_ARG_TYPE');
  });
});
