// Compiled by `npm run typecheck`, never run: the types that users see, compared exactly.
import {
  type ArenaStats,
  BumpAlloc,
  BumpArena,
  BumpArenaLazy,
  type Checkpoint,
  type MemoryUsage,
  MemoryArena,
  memoryUsage,
  type Pin,
  struct,
  TypedArenaLazy,
  u32,
  type Views,
} from '../../lib';

type Equal<A, B> = (<T>(value: T) => T extends A ? 1 : 2) extends <T>(value: T) => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

const arena = new BumpArena(1);
const lazy = new BumpArenaLazy(1, { zeroed: true });

export const blocks = {
  block: arena.alloc(1),
  zeroed: arena.allocZeroed(1, 16),
  moved: arena.realloc(Buffer.alloc(1), 2),
};
export type Check1 = Holds<Equal<typeof blocks, { block: Buffer | null; zeroed: Buffer | null; moved: Buffer | null }>>;

export const arrays = { floats: arena.allocArray(Float64Array, 1), longs: arena.allocArray(BigInt64Array, 1) };
export type Check2 = Holds<
  Equal<typeof arrays, { floats: Float64Array<ArrayBuffer> | null; longs: BigInt64Array<ArrayBuffer> | null }>
>;

export const scoped = lazy.scope((inner) => ({ inner, committed: inner.committed }));
export type Check3 = Holds<Equal<typeof scoped, { inner: BumpArenaLazy; committed: number }>>;

export const values = {
  offset: arena.allocOffset(1),
  checkpoint: arena.checkpoint(),
  pin: arena.pin(),
  views: arena.views,
};
export type Check4 = Holds<Equal<typeof values, { offset: number; checkpoint: Checkpoint; pin: Pin; views: Views }>>;

export const usage = memoryUsage();
export type Check5 = Holds<Equal<typeof usage, MemoryUsage>>;

export const stats = {
  eager: arena.stats,
  lazy: lazy.stats,
  typed: new TypedArenaLazy(struct({ id: u32 }), 1).stats,
  memory: new MemoryArena().stats,
  alloc: new BumpAlloc().stats,
};
export type Check6 = Holds<Equal<(typeof stats)[keyof typeof stats], ArenaStats>>;

export const base: BumpArena = lazy;

// @ts-expect-error a size is a number
arena.alloc('1');
// @ts-expect-error so is a capacity
new BumpArena('1');
// @ts-expect-error an eager arena commits nothing
export const { committed } = arena;
// @ts-expect-error a block is a view
arena.free(new ArrayBuffer(1));
// @ts-expect-error an option that is none
new BumpArenaLazy(1, { zero: true });
// @ts-expect-error elements have a type
arena.allocArray(Array, 1);
// @ts-expect-error sizes are read only
arena.used = 1;
