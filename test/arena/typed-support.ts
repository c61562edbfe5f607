import { Writable } from 'node:stream';

import {
  array,
  bool,
  bytes,
  f32,
  f64,
  i128,
  oneOf,
  type RecordSource,
  ref,
  self,
  str,
  struct,
  type StructClass,
  text,
  TypedArena,
  TypedArenaLazy,
  type TypedArenaOptions,
  u16,
  u32,
  u8,
} from '../../lib';
import { closures } from '../../lib/layout/closures';
import { defineStruct } from '../../lib/layout/struct';
import { ARENAS } from './support';

/** What makes a class of records: `struct`, or the same where no code may be generated. */
export type Define = typeof struct;

/** What the constructors of all typed arenas have in common. */
export interface ArenaClass {
  new <T extends object>(Struct: StructClass<T>, count: number, options?: TypedArenaOptions<T>): TypedArena<T>;
  load<T extends object>(
    Struct: StructClass<T>,
    source: RecordSource,
    options?: TypedArenaOptions<T> & { count?: number },
  ): Promise<TypedArena<T>>;
}

export interface Setting {
  readonly Arena: ArenaClass;
  readonly define: Define;
  readonly isLazy: boolean;
}

/** Where no code may be generated, `struct` itself does this. */
const fromClosures: Define = (fields) => defineStruct(fields, closures);

class Mine<T extends object> extends TypedArena<T> {}
class MineLazy<T extends object> extends TypedArenaLazy<T> {}

/** A user's subclass has the methods that all arenas share; the arenas themselves have some compiled for the struct. */
const SUITES: [title: string, setting: Setting][] = [
  ['TypedArena', { Arena: TypedArena, define: struct, isLazy: false }],
  ['TypedArena, no code generated', { Arena: TypedArena, define: fromClosures, isLazy: false }],
  ['TypedArenaLazy', { Arena: TypedArenaLazy, define: struct, isLazy: true }],
  ['TypedArenaLazy, no code generated', { Arena: TypedArenaLazy, define: fromClosures, isLazy: true }],
  ['A subclass of TypedArena', { Arena: Mine, define: struct, isLazy: false }],
  ['A subclass of TypedArenaLazy', { Arena: MineLazy, define: struct, isLazy: true }],
];

/** Numbers alone: the records that the hot paths are made for. */
export function definePoint(define: Define) {
  return class Point extends define({ id: u32, x: f64, on: bool }) {
    get doubled(): number {
      return this.x * 2;
    }
  };
}

/** A field of every kind. */
export function defineBody(define: Define) {
  const Vec = define({ x: f32, y: f32 });
  return class Body extends define({
    id: u32,
    position: Vec,
    mass: f64,
    next: self,
    name: text,
    tag: str(8),
    kind: oneOf('rock', 'ice', 'gas'),
    data: bytes(6),
    path: array(u16, 3),
    marks: array(oneOf('a', 'b'), 2),
    corners: array(Vec, 2),
    wide: i128,
  }) {
    get label(): string {
      return `${this.name} ${this.tag}`;
    }
  };
}

/** The records of a class; `InstanceType` knows constructors that take anything, and these take nothing of a user's. */
export type RecordOf<S> = S extends StructClass<infer T> ? T : never;
export type Point = RecordOf<ReturnType<typeof definePoint>>;
export type Body = RecordOf<ReturnType<typeof defineBody>>;

export interface TypedSuite extends Setting {
  readonly Point: ReturnType<typeof definePoint>;
  readonly Body: ReturnType<typeof defineBody>;
}

/** What holds for one typed arena holds for all; every suite that says so runs on each, with structs of its own. */
export const TYPED = SUITES.map(([title, setting]): [string, TypedSuite] => [
  title,
  { ...setting, Point: definePoint(setting.define), Body: defineBody(setting.define) },
]);

/** Records of many kinds, for one arena. */
function kindsOf(define: Define) {
  class Circle extends define({ radius: f64, tag: str(3) }) {
    area(): number {
      return Math.PI * this.radius ** 2;
    }
  }
  return {
    Circle,
    Byte: define({ value: u8 }),
    Wide: define({ value: i128, kind: oneOf('a', 'b') }),
    Node: define({ id: u32, next: self, circle: ref(() => Circle), list: array(u32, 2), hash: bytes(3) }),
    Nothing: define({}),
  };
}

/** The same for untyped arenas and `place`. */
export const PLACING = ARENAS.flatMap(([name, Arena]) =>
  [struct, fromClosures].map((define: Define) => {
    const title = define === struct ? name : `${name}, no code generated`;
    return [title, { Arena, define, kinds: kindsOf(define) }] as const;
  }),
);

/** Adds bodies that differ in every field, with links backwards and one forwards. */
export function fillBodies(arena: TypedArena<Body>, count: number): void {
  for (let id = 0; id < count; id++) {
    arena.push({
      id,
      position: { x: id, y: -id },
      mass: id / 3,
      next: id % 3 === 0 ? null : arena.at(id - 1),
      name: 'größer '.repeat(id % 4),
      tag: `t${id}`,
      kind: (['rock', 'ice', 'gas'] as const)[id % 3]!,
      data: Buffer.from([id, id]),
      path: [id, 1000 * id],
      marks: ['b'],
      corners: [{ x: id }],
      wide: BigInt(id - 25) << 99n,
    });
  }
  if (count > 2) {
    arena.at(0).next = arena.at(count - 1);
    arena.at(1).name = 'replaced by something longer';
  }
}

/** The error that `fn` throws. */
export function errorOf(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error('Expected an error. Nothing was thrown');
}

/** The code of the error with which a promise is rejected. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

/** What is saved to a stream, as one Buffer. */
export async function saved(arena: { save(target: Writable): Promise<void> }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const target = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  await arena.save(target);
  return Buffer.concat(chunks);
}

/** A file as a source that gives it in pieces. */
export function* pieces(file: Uint8Array, length: number): Generator<Uint8Array> {
  for (let from = 0; from < file.length; from += length) {
    yield file.subarray(from, from + length);
  }
}
