// Compiled by `npm run typecheck`, never run: the types that users see, compared exactly.
import {
  array,
  bool,
  BumpArena,
  BumpArenaLazy,
  bytes,
  type Column,
  f32,
  f64,
  type FieldArray,
  type FieldName,
  type FieldOf,
  i128,
  i16,
  i32,
  i64,
  i8,
  type Init,
  type Layout,
  layoutOf,
  oneOf,
  type Plain,
  ref,
  self,
  str,
  struct,
  type StructClass,
  text,
  TypedArena,
  TypedArenaLazy,
  u128,
  u16,
  u32,
  u64,
  u8,
} from '../../lib';

type Equal<A, B> = (<T>(value: T) => T extends A ? 1 : 2) extends <T>(value: T) => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;
type Assignable<A, B> = [A] extends [B] ? true : false;

class Vec2 extends struct({ x: f32, y: f32 }) {
  length(): number {
    return Math.hypot(this.x, this.y);
  }
}

const Scalars = struct({ i8, u8, i16, u16, i32, u32, f32, f64, bool, i64, u64, i128, u128 });
type Scalars = InstanceType<typeof Scalars>;

class Body extends struct({
  id: u32,
  name: str(16),
  note: text,
  kind: oneOf('star', 'planet'),
  hash: bytes(32),
  position: Vec2,
  orbit: ref(() => Vec2),
  parent: self,
}) {
  get isHeavy(): boolean {
    return this.id > 5;
  }
}

class Lists extends struct({
  floats: array(f32, 3),
  doubles: array(f64, 3),
  bytes: array(u8, 3),
  longs: array(i64, 3),
  wides: array(u128, 3),
  flags: array(bool, 3),
  tags: array(str(4), 3),
  kinds: array(oneOf('a', 'b'), 3),
  corners: array(Vec2, 3),
  hashes: array(bytes(4), 3),
  links: array(self, 3),
  matrix: array(array(f32, 2), 3),
}) {}

declare const vec: Vec2;
declare const body: Body;
declare const lists: Lists;

// --- References -----------------------------------------------------------------------------------------------------

export type Instances = [
  Holds<Equal<InstanceType<typeof Vec2>, Vec2>>,
  Holds<Equal<InstanceType<typeof Body>, Body>>,
  Holds<Equal<Scalars['u8'], number>>,
];

/** The fields of a reference, without what all references have. */
type Values<T, K extends keyof T> = { [Key in K]: T[Key] };

export type ScalarFields = Holds<
  Equal<
    Values<Scalars, FieldName<Scalars>>,
    {
      i8: number;
      u8: number;
      i16: number;
      u16: number;
      i32: number;
      u32: number;
      f32: number;
      f64: number;
      bool: boolean;
      i64: bigint;
      u64: bigint;
      i128: bigint;
      u128: bigint;
    }
  >
>;

export type Fields = [
  Holds<Equal<Body['id'], number>>,
  Holds<Equal<Body['name'], string>>,
  Holds<Equal<Body['note'], string>>,
  Holds<Equal<Body['kind'], 'star' | 'planet'>>,
  Holds<Equal<Body['hash'], Buffer>>,
  Holds<Equal<Body['position'], Vec2>>,
  Holds<Equal<Body['orbit'], Vec2 | null>>,
  Holds<Equal<NonNullable<Body['parent']>['kind'], 'star' | 'planet'>>,
  Holds<Equal<NonNullable<NonNullable<Body['parent']>['parent']>['position'], Vec2>>,
  Holds<Assignable<Body, NonNullable<Body['parent']>>>,
  Holds<Assignable<null, Body['parent']>>,
  Holds<Equal<Body['isHeavy'], boolean>>,
];

export type ListFields = [
  Holds<Equal<Lists['floats'], Float32Array>>,
  Holds<Equal<Lists['doubles'], Float64Array>>,
  Holds<Equal<Lists['bytes'], Uint8Array>>,
  Holds<Equal<Lists['longs'], BigInt64Array>>,
  Holds<Equal<Lists['wides'], FieldArray<bigint, bigint>>>,
  Holds<Equal<Lists['flags'], FieldArray<boolean, boolean>>>,
  Holds<Equal<Lists['tags'], FieldArray<string, string>>>,
  Holds<Equal<Lists['kinds'], FieldArray<'a' | 'b', 'a' | 'b'>>>,
  Holds<Equal<Lists['corners'], FieldArray<Vec2, Init<Vec2>>>>,
  Holds<Equal<Lists['hashes'], FieldArray<Buffer, Uint8Array>>>,
  Holds<Equal<Lists['matrix'], FieldArray<Float32Array, ArrayLike<number> | Iterable<number>>>>,
];

export const elements = {
  index: lists.tags[0],
  at: lists.corners.at(-1),
  length: lists.corners.length,
  spread: [...lists.kinds],
  link: lists.links.at(0)?.floats,
};
export type Elements = Holds<
  Equal<
    typeof elements,
    {
      index: string | undefined;
      at: Vec2 | undefined;
      length: number;
      spread: ('a' | 'b')[];
      link: Float32Array | undefined;
    }
  >
>;

// --- Writing --------------------------------------------------------------------------------------------------------

export function write(): void {
  body.id = 1;
  body.name = 'a';
  body.kind = 'star';
  body.orbit = vec;
  body.orbit = null;
  body.parent = body;
  body.position.x = 1;
  body.hash[0] = 1;
  lists.floats[0] = 1;
  lists.tags[0] = 'a';
  lists.tags.set(['a', 'b'], 1);
  lists.tags.set(new Set(['a']));
  lists.corners.set([{ x: 1 }, vec]);
  lists.flags.fill(true);
  // @ts-expect-error a number is no string
  body.id = '1';
  // @ts-expect-error a u32 is no bigint
  body.id = 1n;
  // @ts-expect-error nor is there no value at all
  body.id = undefined;
  // @ts-expect-error a choice is one of those that there are
  body.kind = 'moon';
  // @ts-expect-error a link is to a record of its struct
  body.orbit = body;
  // @ts-expect-error an init object is no record
  body.orbit = { x: 1 };
  // @ts-expect-error no field of this name
  body.mass = 1;
  // @ts-expect-error a nested struct is written into
  body.position = vec;
  // @ts-expect-error bytes are written into
  body.hash = Buffer.alloc(32);
  // @ts-expect-error an array is written into
  lists.floats = new Float32Array(3);
  // @ts-expect-error an array of others is written into, too
  lists.tags = ['a'];
  // @ts-expect-error its elements have a type
  lists.tags[0] = 1;
  // @ts-expect-error its elements have a type
  lists.tags.set([1]);
  // @ts-expect-error its elements have a type
  lists.corners.set([{ z: 1 }]);
  // @ts-expect-error arenas make the references
  new Body();
  // @ts-expect-error arenas make the references
  new Vec2({ x: 1 });
  // @ts-expect-error a class of struct() has to be extended or given to an arena
  new Scalars();
}

export const byCode = struct({ a: u8 });
// @ts-expect-error a constructor is no field type
struct({ a: Number });
// @ts-expect-error nor is the name of one
struct({ a: 'u8' });
// @ts-expect-error a length is a number
array(u8, '3');
// @ts-expect-error elements have a type
array(Uint8Array, 3);
// @ts-expect-error at least one choice
oneOf();
// @ts-expect-error a function that answers the class
ref(Vec2);

// --- Init and Plain -------------------------------------------------------------------------------------------------

export type Inits = [
  Holds<Equal<Init<Vec2>, { readonly x?: number | undefined; readonly y?: number | undefined }>>,
  Holds<
    Equal<
      Omit<Init<Body>, 'parent'>,
      Omit<
        {
          readonly id?: number | undefined;
          readonly name?: string | undefined;
          readonly note?: string | undefined;
          readonly kind?: 'star' | 'planet' | undefined;
          readonly hash?: Uint8Array | undefined;
          readonly position?: Init<Vec2> | undefined;
          readonly orbit?: Vec2 | null | undefined;
          readonly parent?: unknown;
        },
        'parent'
      >
    >
  >,
  Holds<Equal<Init<Body>['parent'], Body['parent'] | undefined>>,
  Holds<Equal<keyof Init<Body>, keyof Plain<Body>>>,
  Holds<Equal<Init<Lists>['floats'], ArrayLike<number> | Iterable<number> | undefined>>,
  Holds<Equal<Init<Lists>['tags'], ArrayLike<string> | Iterable<string> | undefined>>,
  Holds<Equal<Init<Lists>['corners'], ArrayLike<Init<Vec2>> | Iterable<Init<Vec2>> | undefined>>,
  Holds<Equal<Init<Lists>['hashes'], ArrayLike<Uint8Array> | Iterable<Uint8Array> | undefined>>,
];

export type Plains = [
  Holds<Equal<Plain<Vec2>, { x: number; y: number }>>,
  Holds<
    Equal<
      Plain<Body>,
      {
        id: number;
        name: string;
        note: string;
        kind: 'star' | 'planet';
        hash: Buffer;
        position: Plain<Vec2>;
        orbit: number | null;
        parent: number | null;
      }
    >
  >,
  Holds<
    Equal<
      Plain<Lists>,
      {
        floats: Float32Array;
        doubles: Float64Array;
        bytes: Uint8Array;
        longs: BigInt64Array;
        wides: bigint[];
        flags: boolean[];
        tags: string[];
        kinds: ('a' | 'b')[];
        corners: Plain<Vec2>[];
        hashes: Buffer[];
        links: (number | null)[];
        matrix: Float32Array[];
      }
    >
  >,
  Holds<Equal<ReturnType<Body['toObject']>, Plain<Body>>>,
  Holds<Equal<ReturnType<Body['toJSON']>, Record<string, unknown>>>,
];

// --- Arenas ---------------------------------------------------------------------------------------------------------

const arena = new TypedArena(Body, 10);
const lazy = new TypedArenaLazy(Vec2, 10);
const untyped = new BumpArena(10);

export const made = {
  arena,
  lazy,
  alloc: arena.alloc({ id: 1, position: { x: 1 }, parent: body }),
  push: arena.push({}),
  at: arena.at(0),
  iterated: [...lazy],
  index: arena.indexOf(body),
  placed: untyped.place(Body, { id: 1 }),
  scalars: new BumpArenaLazy(1).place(Scalars),
};
export type Made = Holds<
  Equal<
    typeof made,
    {
      arena: TypedArena<Body>;
      lazy: TypedArenaLazy<Vec2>;
      alloc: Body | null;
      push: number;
      at: Body;
      iterated: Vec2[];
      index: number;
      placed: Body | null;
      scalars: Scalars | null;
    }
  >
>;

export const dropping = new TypedArena(Vec2, 1, {
  drop(record, index) {
    const received: { record: Vec2; index: number } = { record, index };
    return received;
  },
});
export type Dropping = Holds<Equal<typeof dropping, TypedArena<Vec2>>>;

export const columns = {
  ids: arena.column('id').at(0),
  kinds: [...arena.column('kind')],
  positions: arena.column('position').at(0),
  hashes: arena.column('hash').at(0),
};
export type Columns = [
  Holds<
    Equal<
      typeof columns,
      {
        ids: number;
        kinds: ('star' | 'planet')[];
        positions: Vec2;
        hashes: Buffer;
      }
    >
  >,
  Holds<Equal<FieldOf<Body, 'name'>, string>>,
  Holds<Equal<FieldName<Vec2>, 'x' | 'y'>>,
];
export const column: Column<number> = lazy.column('x');

export const layouts = { body: layoutOf(Body), offset: layoutOf(Vec2).offsets.x };
export type Layouts = [
  Holds<
    Equal<
      typeof layouts,
      {
        body: Layout<'id' | 'name' | 'note' | 'kind' | 'hash' | 'position' | 'orbit' | 'parent'>;
        offset: number;
      }
    >
  >,
  Holds<Equal<Layout<'x' | 'y'>['offsets'], Readonly<Record<'x' | 'y', number>>>>,
];

/** Classes of several structs with a method in common. */
export function lengthOf(...classes: StructClass<{ length(): number }>[]): number[] {
  return classes.map((Class) => untyped.place(Class)?.length() ?? 0);
}
lengthOf(Vec2);

export async function load(): Promise<void> {
  const loaded = { eager: await TypedArena.load(Vec2, 'a'), lazy: await TypedArenaLazy.load(Vec2, 'a', { count: 5 }) };
  const expected: { eager: TypedArena<Vec2>; lazy: TypedArenaLazy<Vec2> } = loaded;
  await expected.eager.save('a');
}

lazy.pushValues(1, 2);
arena.forEach((record, index) => record.id + index);
arena.push({ id: undefined });

// @ts-expect-error no field of this name
arena.alloc({ mass: 1 });
// @ts-expect-error no field of this name, in a nested struct either
arena.push({ position: { z: 1 } });
// @ts-expect-error a value of the wrong type
arena.push({ id: '1' });
// @ts-expect-error a value of the wrong type, nested
arena.push({ position: { x: 1n } });
// @ts-expect-error an unknown choice
untyped.place(Body, { kind: 'moon' });
// @ts-expect-error a value that no field takes
lazy.pushValues('1', 2);
// @ts-expect-error no field of this name
arena.column('mass');
// @ts-expect-error a method is no field
arena.column('isHeavy');
// @ts-expect-error an instance is no class
untyped.place(vec);
// @ts-expect-error an index is a number
arena.at('0');
// @ts-expect-error it is records that have an index
arena.indexOf(0);
// @ts-expect-error offsets are by the names of fields
export const { z } = layoutOf(Vec2).offsets;
// @ts-expect-error a layout can only be read
layoutOf(Vec2).size = 1;
// @ts-expect-error an option that is none
new TypedArena(Vec2, 1, { textbytes: 1 });
