import {
  array,
  bool,
  BumpArena,
  bytes,
  f32,
  f64,
  type Fields,
  i128,
  i64,
  oneOf,
  self,
  str,
  type StructClass,
  type StructOf,
  text,
  TypedArena,
  u32,
  u8,
} from '../../lib';
import { closures } from '../../lib/layout/closures';
import type { Backend } from '../../lib/layout/definition';
import { generated } from '../../lib/layout/generated';
import { defineStruct } from '../../lib/layout/struct';

export { codeOf } from '../arena/support';

/** What holds for generated accessors holds for closures; every suite that says so runs on both. `struct()` generates. */
export const BACKENDS = [
  ['generated', generated],
  ['closures', closures],
] as const;

/** `struct()` by one backend. */
export function structBy(backend: Backend): <const F extends Fields>(fields: F) => StructClass<StructOf<F>> {
  return (fields) => defineStruct(fields, backend);
}

/** The error that `fn` throws. */
export function errorOf(fn: () => unknown): Error & { code?: string } {
  try {
    fn();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Expected an error. Nothing was thrown');
}

/** Assigns a field that its type shows as read-only, or with a value of a wrong type. */
export function assign(record: object, name: string, value: unknown): boolean {
  return Reflect.set(record, name, value);
}

interface Way {
  /** Of the field, for the message. */
  readonly path: string;
  readonly write: (value: never) => unknown;
}

/** A typed arena with one record, an untyped one, and all ways to write to a field `x` of a type. */
function prepare(backend: Backend, type: Fields[string], good: unknown) {
  const Inner = defineStruct({ first: u8, x: type }, backend);
  const Outer = defineStruct({ before: u8, x: type, pos: Inner, after: u8 }, backend);
  const arena = new TypedArena(Outer, 4, { textBytes: 64 });
  const bump = new BumpArena(4096);
  bump.allocOffset(8);
  const init = (x: unknown): never => ({ before: 1, x, pos: { first: 2, x }, after: 3 }) as never;
  const record = arena.alloc(init(good))!;
  const typed: Record<string, Way> = {
    setter: { path: 'x', write: (x) => Reflect.set(record, 'x', x) },
    'setter of the nested record': { path: 'x', write: (x) => Reflect.set(record.pos as object, 'x', x) },
    'setter of the nested struct': { path: 'pos.x', write: (x) => Reflect.set(record, 'pos', { x }) },
    alloc: { path: 'x', write: (x) => arena.alloc({ before: 9, x }) },
    'alloc, nested': { path: 'pos.x', write: (x) => arena.alloc({ pos: { first: 9, x } }) },
    push: { path: 'x', write: (x) => arena.push({ before: 9, x }) },
    'push, nested': { path: 'pos.x', write: (x) => arena.push({ before: 9, pos: { x } }) },
    pushValues: { path: 'x', write: (x) => arena.pushValues(9, x, {}, 9) },
    'pushValues, nested': {
      path: 'pos.x',
      write: (x) => arena.pushValues(9, good, { x }, 9),
    },
  };
  const untyped: Record<string, Way> = {
    place: { path: 'x', write: (x) => bump.place(Outer, { before: 9, x }) },
    'place, nested': { path: 'pos.x', write: (x) => bump.place(Outer, { pos: { first: 9, x } }) },
  };
  return { arena, bump, record, typed, untyped };
}

/**
 * Expects a value to be refused, with a code and a message that names the field's path, in every way to write it, and to
 * change nothing.
 *
 * @param of What is to be refused is an element of the field: the path's end.
 */
export function expectRefused(
  backend: Backend,
  type: Fields[string],
  values: { good: unknown; bad: unknown; code: string; of?: string; hasText?: boolean },
): void {
  const { good, bad, code, of = '', hasText = false } = values;
  const { arena, bump, record, typed, untyped } = prepare(backend, type, good);
  const before = { record: record.toObject(), length: arena.length, used: arena.used, bumped: bump.used };
  for (const [way, { path, write }] of Object.entries({ ...typed, ...(hasText ? {} : untyped) })) {
    const error = errorOf(() => write(bad as never));
    expect({ way, code: error.code }).toEqual({ way, code });
    expect(error.message).toContain(`"${path}${of}"`);
    expect({
      way,
      now: { record: record.toObject(), length: arena.length, used: arena.used, bumped: bump.used },
    }).toEqual({ way, now: before });
  }
  const next = arena.alloc()!;
  expect(arena.indexOf(next)).toBe(1);
  expect(next.toObject()).toEqual(arena.at(arena.push()).toObject());
  expect(record.toObject()).toEqual(before.record);
}

/** A class with a field of each kind, and what a record of it can be made from. */
export function everyKindOfField(struct: ReturnType<typeof structBy>) {
  const Point = struct({ x: f32, y: f32 });
  class Body extends struct({
    id: u32,
    big: i64,
    wide: i128,
    alive: bool,
    name: str(8),
    note: text,
    kind: oneOf('star', 'planet'),
    hash: bytes(2),
    at: Point,
    next: self,
    samples: array(f64, 2),
    longs: array(i64, 2),
    tags: array(str(4), 2),
    line: array(Point, 2),
    grid: array(array(u8, 2), 2),
  }) {
    get double(): number {
      return this.id * 2;
    }
  }
  const INIT = {
    id: 7,
    big: -5n,
    wide: 2n ** 100n,
    alive: true,
    name: 'sun',
    note: 'bright',
    kind: 'planet',
    hash: Buffer.from([1, 2]),
    at: { x: 1, y: 2 },
    next: null,
    samples: [0.5, 1.5],
    longs: [1n, -1n],
    tags: ['a', 'b'],
    line: [
      { x: 1, y: 2 },
      { x: 3, y: 4 },
    ],
    grid: [
      [1, 2],
      [3, 4],
    ],
  } as const;
  return { Body, INIT, Point };
}
