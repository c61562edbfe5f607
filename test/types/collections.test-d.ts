// Compiled by `npm run typecheck`, never run: the types that users see, compared exactly.
import {
  type Allocator,
  type ArenaAllocator,
  type BlockOwner,
  bool,
  Box,
  Bucketizer,
  BumpArena,
  BumpArenaLazy,
  bytes,
  f32,
  f64,
  FallbackAllocator,
  FreeList,
  heap,
  i128,
  i64,
  type Init,
  MemoryArena,
  NullAllocator,
  oneOf,
  type Plain,
  type PlainValue,
  ProxyAllocator,
  type Scope,
  ScopedAllocator,
  Segregator,
  StatsAllocator,
  str,
  struct,
  type StructClass,
  u64,
  u8,
  Vec,
} from '../../lib';

type Equal<A, B> = (<T>(value: T) => T extends A ? 1 : 2) extends <T>(value: T) => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;
/** All of its types, whatever the default of the last one. */
type VecOf<T, I, A extends NodeJS.TypedArray | null> = Vec<T, I, A>;

class Point extends struct({ x: f32, y: f32 }) {
  length(): number {
    return Math.hypot(this.x, this.y);
  }
}

class Body extends struct({ id: u64, at: Point, name: str(8) }) {}

// --- Boxes ----------------------------------------------------------------------------------------------------------

export const boxes = {
  number: Box.newIn(heap, f64),
  given: Box.newIn(heap, u8, 1),
  bigint: Box.newIn(heap, i64, 1n),
  wide: Box.newIn(heap, i128),
  bool: Box.newIn(heap, bool, true),
  string: Box.newIn(heap, str(8), 'a'),
  choice: Box.newIn(heap, oneOf('a', 'b'), 'b'),
  bytes: Box.newIn(heap, bytes(4), new Uint8Array(4)),
  point: Box.newIn(heap, Point, { x: 1 }),
};
export type Boxes = Holds<
  Equal<
    typeof boxes,
    {
      number: Box<number> | null;
      given: Box<number> | null;
      bigint: Box<bigint> | null;
      wide: Box<bigint> | null;
      bool: Box<boolean> | null;
      string: Box<string> | null;
      choice: Box<'a' | 'b'> | null;
      bytes: Box<Buffer, Uint8Array> | null;
      point: Box<Point, Init<Point>> | null;
    }
  >
>;

declare const point: Box<Point, Init<Point>>;
declare const body: Box<Body, Init<Body>>;
declare const flag: Box<boolean>;
export type BoxValues = [
  Holds<Equal<typeof point.value, Point>>,
  Holds<Equal<typeof body.value.at, InstanceType<typeof Point>>>,
  Holds<Equal<typeof flag.value, boolean>>,
];
export const lengths: number[] = [point.value.length(), body.value.at.length()];
point.value = { x: 1 };
point.value = body.value.at;
body.value = { at: { y: 2 }, id: 5n };
// @ts-expect-error a field that is none
point.value = { z: 1 };
// @ts-expect-error a field of another type
body.value = { id: 5 };
// @ts-expect-error a number is no boolean
flag.value = 1;
// @ts-expect-error nor is a bigint a number
Box.newIn(heap, f64, 1n);
// @ts-expect-error a choice is one of those that were named
Box.newIn(heap, oneOf('a', 'b'), 'c');
// @ts-expect-error a field of another type
Box.newIn(heap, Point, { x: '1' });
// @ts-expect-error what is no type
Box.newIn(heap, Number, 1);
// @ts-expect-error what is no allocator
Box.newIn({}, f64, 1);
// @ts-expect-error there may be no room
export const { value } = Box.newIn(heap, f64);

// --- Vecs -----------------------------------------------------------------------------------------------------------

export const vecs = {
  floats: Vec.newIn(heap, f64),
  singles: Vec.newIn(heap, f32, 10),
  bytes: Vec.newIn(heap, u8)!,
  longs: Vec.newIn(heap, i64),
  unsigned: Vec.newIn(heap, u64),
  wide: Vec.newIn(heap, i128),
  flags: Vec.newIn(heap, bool),
  strings: Vec.newIn(heap, str(8)),
  choices: Vec.newIn(heap, oneOf('a', 'b')),
  points: Vec.newIn(heap, Point),
};
export type Vecs = Holds<
  Equal<
    typeof vecs,
    {
      floats: Vec<number, number, Float64Array> | null;
      singles: Vec<number, number, Float32Array> | null;
      bytes: Vec<number, number, Uint8Array>;
      longs: Vec<bigint, bigint, BigInt64Array> | null;
      unsigned: Vec<bigint, bigint, BigUint64Array> | null;
      wide: VecOf<bigint, bigint, null> | null;
      flags: VecOf<boolean, boolean, null> | null;
      strings: VecOf<string, string, null> | null;
      choices: VecOf<'a' | 'b', 'a' | 'b', null> | null;
      points: VecOf<Point, Init<Point>, null> | null;
    }
  >
>;

declare const floats: Vec<number, number, Float64Array>;
declare const longs: Vec<bigint, bigint, BigInt64Array>;
declare const flags: VecOf<boolean, boolean, null>;
declare const points: VecOf<Point, Init<Point>, null>;
declare const bodies: VecOf<Body, Init<Body>, null>;
export const elements = {
  floats: floats.elements,
  longs: longs.elements,
  flags: flags.elements,
  points: points.elements,
};
export type Elements = Holds<
  Equal<typeof elements, { floats: Float64Array; longs: BigInt64Array; flags: null; points: null }>
>;

export const read = {
  float: floats.at(0),
  long: longs.at(0),
  point: points.at(0),
  body: bodies.at(0).at.length(),
  popped: floats.pop(),
  plain: bodies.pop(),
  all: [...points],
  sorted: points.sort((a, b) => a.length() - b.length()),
  index: points.push({ x: 1 }),
  first: points.extend([{ x: 1 }, points.at(0)]),
  reserved: floats.reserve(1),
};
export type Read = Holds<
  Equal<
    typeof read,
    {
      float: number;
      long: bigint;
      point: Point;
      body: number;
      popped: number | undefined;
      plain: Plain<Body> | undefined;
      all: Point[];
      sorted: VecOf<Point, Init<Point>, null>;
      index: number;
      first: number;
      reserved: boolean;
    }
  >
>;
export type PlainValues = [
  Holds<Equal<PlainValue<number>, number>>,
  Holds<Equal<PlainValue<Point>, { x: number; y: number }>>,
  Holds<Equal<PlainValue<Body>, { id: bigint; at: { x: number; y: number }; name: string }>>,
];

floats.extend(new Float64Array(1));
floats.extend(new Set([1]));
points.set(0, {});
export const iterable: Iterable<Point> = points;
// @ts-expect-error a bigint is no number
floats.push(1n);
// @ts-expect-error nor are its elements
floats.extend(new BigInt64Array(1));
// @ts-expect-error a field that is none
points.push({ z: 1 });
// @ts-expect-error what was popped is a copy, without methods
export const popped: Point | undefined = points.pop();
// @ts-expect-error the length is read only
points.length = 0;
// @ts-expect-error an index is a number
points.at('0');
// @ts-expect-error a capacity is a number
Vec.newIn(heap, f64, '8');
// @ts-expect-error a comparator answers a number
floats.sort((a, b) => (a < b ? 'yes' : 'no'));

/** In code of the user's that is about types in general. */
export function inAny<T extends object>(allocator: Allocator, Struct: StructClass<T>): VecOf<T, Init<T>, null> | null {
  return Vec.newIn(allocator, Struct, 8);
}
export const any = inAny(heap, Point);
export type Any = Holds<Equal<typeof any, VecOf<Point, Init<Point>, null> | null>>;
/** Where nobody needs to know what kind of numbers there are. */
export const numbers: Vec<number>[] = [floats, vecs.bytes];
export const bigints: Vec<bigint> = longs;

// --- Allocators -----------------------------------------------------------------------------------------------------

declare const arenaAllocator: ArenaAllocator;
declare const scope: Scope;
export const owners: BlockOwner[] = [
  heap,
  new BumpArena(1),
  new BumpArenaLazy(1),
  new MemoryArena().allocator(),
  arenaAllocator,
  scope,
  new ScopedAllocator(heap, 1),
  new FreeList(heap),
  new NullAllocator(),
  new FallbackAllocator(heap, heap),
  new Segregator(1, heap, heap),
  new Bucketizer([1], () => heap),
  new ProxyAllocator(heap, {}),
  new StatsAllocator(new FreeList(heap)),
  new StatsAllocator(new ProxyAllocator(new BumpArena(1), {})),
];
export const allocators: Allocator[] = owners;

class Mine implements Allocator {
  alloc(size: number): Buffer | null {
    return Buffer.alloc(size);
  }

  realloc(): null {
    return null;
  }

  free(): void {}
}
class MineToo extends Mine implements BlockOwner {
  owns(): boolean {
    return true;
  }

  lifetimeOf(block: Buffer): ReturnType<NonNullable<Allocator['lifetimeOf']>> {
    return heap.lifetimeOf!(block);
  }
}
export const mine = {
  box: Box.newIn(new Mine(), f64),
  vec: Vec.newIn(new MineToo(), Point),
  list: new FreeList(new Mine()),
  scoped: new ScopedAllocator(new Mine(), 1),
  fallback: new FallbackAllocator(new MineToo(), heap),
  owner: new ProxyAllocator(new MineToo(), {}) satisfies BlockOwner,
  proxy: new ProxyAllocator(new Mine(), {}) satisfies Allocator,
  stats: new StatsAllocator(new Mine()) satisfies Allocator,
  literal: Box.newIn({ alloc: () => null, realloc: () => null, free: () => undefined }, f64),
};
export type Owns = [
  Holds<Equal<(typeof mine.owner)['owns'], BlockOwner['owns']>>,
  Holds<Equal<(typeof mine.proxy)['owns'], undefined>>,
];
// @ts-expect-error an allocator that does not know its blocks
new FallbackAllocator(new Mine(), heap);
// @ts-expect-error nor does a proxy of it
new FallbackAllocator(heap, new ProxyAllocator(new Mine(), {}));
// @ts-expect-error nor one that counts
new Segregator(1, new StatsAllocator(new Mine()), heap);
// @ts-expect-error nor a proxy of such a proxy
export const notOwner: BlockOwner = new StatsAllocator(new ProxyAllocator(new Mine(), {}));
// @ts-expect-error what cannot free is no allocator
Vec.newIn({ alloc: () => null, realloc: () => null }, f64);
// @ts-expect-error what says how long blocks last says so of them
export const odd: Allocator = Object.assign(new Mine(), { lifetimeOf: () => 5 });
