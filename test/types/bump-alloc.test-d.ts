// Compiled by `npm run typecheck`, never run: the types that users see, compared exactly.
import {
  type Allocator,
  type BlockLifetime,
  type BlockOwner,
  Box,
  BumpAlloc,
  type BumpAllocHandle,
  f64,
  FallbackAllocator,
  heap,
  struct,
  type TypedArrayConstructor,
  u32,
  Vec,
  type Views,
} from '../../lib';

type Equal<A, B> = (<T>(value: T) => T extends A ? 1 : 2) extends <T>(value: T) => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

const alloc = new BumpAlloc();
export const sized: BumpAlloc = BumpAlloc.withSize(1);

export const allocator: Allocator = alloc;
export const owner: BlockOwner = alloc;
export const fallback = new FallbackAllocator(alloc, heap);

export const blocks = {
  block: alloc.alloc(1),
  zeroed: alloc.allocZeroed(1, 16),
  moved: alloc.realloc(new Float64Array(1), 2, 8),
  offset: alloc.allocOffset(1, 2),
  found: alloc.bytesAt(0, 1),
  owned: alloc.owns(new DataView(new ArrayBuffer(1))),
};
export type Check1 = Holds<
  Equal<
    typeof blocks,
    {
      block: Buffer | null;
      zeroed: Buffer | null;
      moved: Buffer | null;
      offset: number;
      found: Buffer;
      owned: boolean;
    }
  >
>;

export const arrays = {
  floats: alloc.allocArray(Float64Array, 1),
  longs: alloc.allocArray(BigInt64Array, 1),
  bytes: alloc.allocArray(Buffer as unknown as TypedArrayConstructor<Buffer>, 1),
};
export type Check2 = Holds<
  Equal<
    typeof arrays,
    { floats: Float64Array<ArrayBuffer> | null; longs: BigInt64Array<ArrayBuffer> | null; bytes: Buffer | null }
  >
>;

export const { allocated, buffer, capacity, handle, remaining, resident, views } = alloc;
export const values = { allocated, buffer, capacity, handle, remaining, resident, views };
export type Check3 = Holds<
  Equal<
    typeof values,
    {
      allocated: number;
      buffer: ArrayBuffer;
      capacity: number;
      handle: BumpAllocHandle;
      remaining: number;
      resident: number;
      views: Views;
    }
  >
>;

export type Check4 = Holds<Equal<BumpAllocHandle, { readonly type: 'offheap.BumpAlloc'; readonly id: string }>>;
export const attached = BumpAlloc.attach(structuredClone(handle));
export type Check5 = Holds<Equal<typeof attached, BumpAlloc>>;

class Point extends struct({ x: f64, id: u32 }) {
  get double(): number {
    return this.x * 2;
  }
}
export const point = alloc.place(Point, { x: 1 });
export type Check6 = Holds<Equal<typeof point, Point | null>>;
export const empty = alloc.place(Point);
export const x: number = point!.double + empty!.id;

export const lifetime = alloc.lifetimeOf(Buffer.alloc(1));
export type Check7 = Holds<Equal<typeof lifetime, BlockLifetime>>;
export const where: number = alloc.offsetOf(new Float64Array(1));
export const collections = { vec: Vec.newIn(alloc, f64), box: Box.newIn(alloc, f64, 1) };
export const onHeap = { vec: Vec.newIn(heap, f64), box: Box.newIn(heap, f64, 1) };
export type Check8 = Holds<Equal<typeof collections, typeof onHeap>>;

// @ts-expect-error another size is withSize's
new BumpAlloc(5);
// @ts-expect-error a size is a number
BumpAlloc.withSize('1');
// @ts-expect-error and is not left out
BumpAlloc.withSize();
// @ts-expect-error so is that of a block
alloc.alloc('1');
// @ts-expect-error a block is a view
alloc.free(new ArrayBuffer(1));
// @ts-expect-error elements have a type
alloc.allocArray(Array, 1);
// @ts-expect-error sizes are read only
alloc.allocated = 1;
// @ts-expect-error so is the handle
alloc.handle = handle;
// @ts-expect-error and what is in it
handle.id = '';
// @ts-expect-error an allocator is no handle
BumpAlloc.attach(alloc);
// @ts-expect-error nor is this
BumpAlloc.attach({ type: 'BumpAlloc', id: '' });
// @ts-expect-error a value that does not fit its field
alloc.place(Point, { x: '1' });
// @ts-expect-error a field that is none
alloc.place(Point, { y: 1 });
// @ts-expect-error nothing is given back
export const { reset } = alloc;
// @ts-expect-error nor disposed of
export const { dispose } = alloc;
// @ts-expect-error an offset is a number
alloc.bytesAt('0', 1);
