import { inspect } from 'node:util';

import {
  array,
  Box,
  BumpArena,
  f64,
  FallbackAllocator,
  FreeList,
  heap,
  KiB,
  NullAllocator,
  ref,
  self,
  struct,
  text,
  u32,
  u64,
} from '../../lib';
import { codeOf } from '../arena/support';
import { assign } from '../layout/support';
import { ALLOCATORS, Body, KINDS, Plain, Point, steal, VIEW_KINDS } from './support';

describe.each(ALLOCATORS)('A Box in %s', (_title, inAllocator) => {
  it.each(KINDS)('holds a value of %s', (_name, { type, zero, values, bad, code }) => {
    inAllocator((allocator) => {
      const box = Box.newIn(allocator, type)!;
      expect(box.value).toEqual(zero);
      const others = values.map((value) => Box.newIn(allocator, type, value)!);
      expect(others.map((other) => other.value)).toEqual(values);
      for (const value of values) {
        box.value = value;
        expect(box.value).toEqual(value);
      }
      expect(codeOf(() => (box.value = bad))).toBe(code);
      expect(codeOf(() => Box.newIn(allocator, type, bad))).toBe(code);
      expect([box, ...others].map((each) => each.value)).toEqual([values.at(-1), ...values]);
      for (const each of [box, ...others]) {
        each.free();
      }
    });
  });

  it.each(VIEW_KINDS)('holds a value of %s, to write into', (_name, { type, zero, values, bad, code, plain }) => {
    inAllocator((allocator) => {
      const box = Box.newIn(allocator, type)!;
      const now = (): unknown => plain(box.value as never);
      expect(now()).toEqual(zero);
      const length = (zero as unknown[]).length;
      for (const value of values) {
        box.value = value;
        const given = [...(value as Iterable<unknown>)];
        expect(now()).toEqual([...given, ...(zero as unknown[])].slice(0, length));
        expect(plain(Box.newIn(allocator, type, value)!.value as never)).toEqual(now());
      }
      const [first] = now() as unknown[];
      expect(codeOf(() => (box.value = bad))).toBe(code);
      expect((now() as unknown[])[0]).toEqual(first);
      const element = (zero as unknown[])[0];
      (box.value as unknown[])[1] = element === false ? true : 7;
      expect((now() as unknown[])[1]).toBe(element === false ? true : 7);
    });
  });

  it('holds a record with methods, nested fields and private members', () => {
    inAllocator((allocator) => {
      const box = Box.newIn(allocator, Body, Body.from(7))!;
      const body = box.value;
      expect(body).toBeInstanceOf(Body);
      expect(body.toObject()).toEqual({ ...Body.from(7), samples: new Uint8Array([7, 0, 0]) });
      expect([body.made, body.move(3).at.x, box.value.at.x]).toEqual(['yes', 10, 10]);
      body.id = 8;
      assign(body, 'at', { y: 5 });
      expect([box.value.id, box.value.at.x, box.value.at.y]).toEqual([8, 0, 5]);
      box.value = { name: 'new' };
      expect(body.toObject()).toEqual({ id: 0, at: { x: 0, y: 0 }, name: 'new', samples: new Uint8Array(3), big: 0n });
      box.value = Box.newIn(allocator, Body, Body.from(9))!.value;
      expect(body.big).toBe(9n << 40n);
      expect(codeOf(() => (box.value = { id: -1, name: 'x' }))).toBe('ERR_OUT_OF_RANGE');
      expect([body.name, Box.newIn(allocator, Body)!.value.toObject().name]).toEqual(['b9', '']);
    });
  });

  it('shows zero where there was something else before', () => {
    inAllocator((allocator) => {
      for (let i = 0; i < 3; i++) {
        allocator.free(allocator.alloc(200)!.fill(0xff));
        const box = Box.newIn(allocator, Body)!;
        expect(box.value.toObject()).toMatchObject({ id: 0, at: { x: 0, y: 0 }, name: '', big: 0n });
        box.value = { id: 2 ** 32 - 1, name: '????????', big: -1n };
        box.free();
      }
    });
  });

  it('is stale once it was freed, and cannot be freed twice', () => {
    inAllocator((allocator) => {
      const number = Box.newIn(allocator, f64, 0.5)!;
      const record = Box.newIn(allocator, Body, Body.from(1))!;
      const body = record.value;
      for (const box of [number, record]) {
        box.free();
        expect(codeOf(() => box.value)).toBe('ERR_OFFHEAP_STALE');
        expect(codeOf(() => (box.value = 1 as never))).toMatch(/^ERR_(OFFHEAP_STALE|INVALID_ARG_TYPE)$/);
        expect(
          codeOf(() => {
            box.free();
          }),
        ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
        expect(() => box.value).toThrow('The Box has been freed');
        box[Symbol.dispose]();
        box[Symbol.dispose]();
      }
      expect([() => body.id, () => (body.id = 1), () => body.at.x, () => body.toObject()].map(codeOf)).toEqual(
        Array(4).fill('ERR_OFFHEAP_STALE'),
      );
      expect(Box.newIn(allocator, f64, 1)!.value).toBe(1);
    });
  });

  it('is freed at the end of a `using`', () => {
    inAllocator((allocator) => {
      let kept!: Box<number>;
      {
        using box = Box.newIn(allocator, f64, 1)!;
        kept = box;
      }
      expect(
        codeOf(() => {
          kept.free();
        }),
      ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
      kept[Symbol.dispose]();
      // Who frees it earlier may.
      using freed = Box.newIn(allocator, f64, 1)!;
      freed.free();
    });
  });

  it('reads its init object once, before it takes any room', () => {
    inAllocator((allocator) => {
      let reads = 0;
      let inner: Box<number> | null = null;
      const box = Box.newIn(allocator, Point, {
        get x() {
          inner = Box.newIn(allocator, f64, ++reads);
          return 5;
        },
        y: 6,
      })!;
      expect([box.value.toObject(), inner!.value, reads]).toEqual([{ x: 5, y: 6 }, 1, 1]);
    });
  });
});

describe('Box.newIn', () => {
  it('answers null where the allocator is full, and takes nothing', () => {
    const arena = new BumpArena(20);
    expect(Box.newIn(arena, f64, 1)).not.toBeNull();
    expect([Box.newIn(arena, Point), arena.used]).toEqual([null, 8]);
    const list = new FreeList(heap, { blockSize: 8, count: 1 });
    const only = Box.newIn(list, u64, 1n)!;
    expect([Box.newIn(list, u64), Box.newIn(list, Point)]).toEqual([null, null]);
    only.free();
    expect(Box.newIn(list, u64, 2n)!.value).toBe(2n);
    expect(Box.newIn(new NullAllocator(), f64)).toBeNull();
    expect(Box.newIn(new Plain(7), f64)).toBeNull();
    expect(Box.newIn(new FallbackAllocator(new NullAllocator(), list), f64)).toBeNull();
  });

  it('loses no memory by a value that does not fit', () => {
    const arena = new BumpArena(1 * KiB);
    arena.alloc(1, 1);
    const list = new FreeList(arena, { blockSize: 64, count: 2 });
    const { used } = arena;
    const fails = (): never => {
      throw Object.assign(new Error('from a getter'), { code: 'GETTER' });
    };
    const bad: [() => unknown, string][] = [arena, list].flatMap((allocator): [() => unknown, string][] => [
      [() => Box.newIn(allocator, u32, -1), 'ERR_OUT_OF_RANGE'],
      [() => Box.newIn(allocator, Point, { x: '1' as never }), 'ERR_INVALID_ARG_TYPE'],
      [() => Box.newIn(allocator, Point, null as never), 'ERR_INVALID_ARG_TYPE'],
      [
        () =>
          Box.newIn(allocator, Point, {
            get x() {
              return fails();
            },
          }),
        'GETTER',
      ],
      [
        () =>
          Box.newIn(allocator, array(u32, 2), {
            *[Symbol.iterator]() {
              yield fails();
            },
          }),
        'GETTER',
      ],
    ]);
    for (const [attempt, code] of bad) {
      expect(codeOf(attempt)).toBe(code);
      expect([arena.used, list.live]).toEqual([used, 0]);
    }
  });

  it('refuses what is no type of a value', () => {
    const refused: [unknown, string][] = [
      [text, 'ERR_INVALID_ARG_VALUE'],
      [struct({ name: text }), 'ERR_INVALID_ARG_VALUE'],
      [array(text, 2), 'ERR_INVALID_ARG_VALUE'],
      [array(struct({ name: text }), 1), 'ERR_INVALID_ARG_VALUE'],
      [self, 'ERR_INVALID_ARG_VALUE'],
      [ref(() => Point), 'ERR_INVALID_ARG_VALUE'],
      [
        array(
          ref(() => Point),
          2,
        ),
        'ERR_INVALID_ARG_VALUE',
      ],
      [Number, 'ERR_INVALID_ARG_TYPE'],
      ['f64', 'ERR_INVALID_ARG_TYPE'],
      [undefined, 'ERR_INVALID_ARG_TYPE'],
      [Plain, 'ERR_INVALID_ARG_TYPE'],
    ];
    const arena = new BumpArena(100);
    for (const [type, code] of refused) {
      expect(codeOf(() => Box.newIn(arena, type as typeof f64))).toBe(code);
    }
    expect(() => Box.newIn(arena, struct({ name: text }))).toThrow(/only typed arenas have room for texts/);
    class Hiding extends Point {
      override x = 5;
    }
    expect(codeOf(() => Box.newIn(arena, Hiding))).toBe('ERR_INVALID_ARG_VALUE');
    expect(arena.used).toBe(0);
  });

  it('refuses what is no allocator, and allocators that answer something else than a block', () => {
    for (const allocator of [undefined, null, {}, 5, BumpArena, { alloc: () => null }]) {
      expect(codeOf(() => Box.newIn(allocator as never, f64))).toBe('ERR_INVALID_ARG_TYPE');
    }
    const answers = [undefined, 5, {}, new Uint8Array(8), Buffer.alloc(4), Buffer.from(new ArrayBuffer(32), 4, 8)];
    for (const answer of answers) {
      const allocator = { alloc: () => answer as Buffer, realloc: () => null, free: () => undefined };
      expect(() => Box.newIn(allocator, f64)).toThrow(TypeError);
    }
    const strange = Object.assign(new Plain(64), { lifetimeOf: () => ({ ended: false }) as never });
    expect(() => Box.newIn(strange, f64)).toThrow(TypeError);
  });

  it('is the one way to make a Box', () => {
    expect(codeOf(() => new (Box as unknown as new () => unknown)())).toBe('ERR_ILLEGAL_CONSTRUCTOR');
  });
});

describe('A Box', () => {
  it('of a type of no bytes works as others do', () => {
    const Nothing = struct({});
    for (const allocator of [heap, new BumpArena(0), new FreeList(heap, { blockSize: 8 })]) {
      const box = Box.newIn(allocator, Nothing)!;
      expect([box.value.toObject(), Box.newIn(allocator, Nothing, {})!.value.toObject()]).toEqual([{}, {}]);
      const { value } = box;
      box.free();
      expect(codeOf(() => value.toObject())).toBe('ERR_OFFHEAP_STALE');
      expect(
        codeOf(() => {
          box.free();
        }),
      ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    }
  });

  it('shows itself, stale or not', async () => {
    const arena = new BumpArena(1 * KiB);
    const boxes = [Box.newIn(arena, f64, 1.5)!, Box.newIn(arena, Point, { x: 1 })!, Box.newIn(heap, f64, 2)!];
    expect(boxes.map((box) => inspect(box))).toEqual([
      'Box<f64> { 1.5 }',
      expect.stringMatching(/^Box<.*> \{ .*\{ x: 1, y: 0 \} \}$/),
      'Box<f64> { 2 }',
    ]);
    expect(inspect(Box.newIn(arena, Body)!)).toMatch(/^Box<Body> \{ Body \{/);
    boxes[2]!.free();
    await steal(arena.alloc(1)!);
    expect(boxes.map((box) => inspect(box))).toEqual([
      'Box<f64> { stale }',
      expect.stringMatching(/^Box<.*> \{ stale \}$/),
      'Box<f64> { stale }',
    ]);
  });

  it('of more than the heap has room for is null', () => {
    expect(Box.newIn(heap, array(f64, 2 ** 27))).not.toBeNull();
    expect(Box.newIn(new BumpArena(1 * KiB), array(f64, 2 ** 27))).toBeNull();
  });
});
