import { invalidType, outOfRange } from '../errors';
import { checkFunction } from '../arguments';
import { checkAlign, checkSize } from '../sizes';
import type { BlockOwner } from './allocator';
import { checkOwner, moveBlock } from './checks';
import { CombinedAllocator, ownsNow } from './combined';
import { FreeList } from './free-list';

/** Takes blocks from one allocator for each range of sizes, its buckets. After D's `Bucketizer`. */
export class Bucketizer extends CombinedAllocator {
  readonly #sizes: readonly number[];
  readonly #buckets: readonly BlockOwner[];

  /**
   * @param sizes Bytes, ascending: the largest block of each bucket. A request goes to the first bucket that it fits in.
   * @param factory Makes the allocator for the blocks of up to `size` bytes, such as `new FreeList(heap, { blockSize: size })`.
   */
  constructor(sizes: readonly number[], factory: (size: number) => BlockOwner) {
    const limits = copySizes(sizes); // before the factory can change them
    checkFunction(factory, 'factory');
    const buckets: Record<string, BlockOwner> = {};
    try {
      for (const size of limits) {
        const bucket = factory(size);
        checkOwner(`factory(${size})`, bucket);
        buckets[size] = bucket;
      }
    } catch (error) {
      disposeOf(Object.values(buckets));
      throw error;
    }
    super(buckets); // integer keys are in ascending order
    this.#sizes = limits;
    this.#buckets = Object.values(buckets);
  }

  /** Allocates from the bucket of the size; `null` where that is full, and for what is larger than every bucket. */
  alloc(size: number, align?: number): Buffer | null {
    const bucket = typeof size === 'number' ? this.#bucketFor(size) : undefined;
    if (bucket === undefined) {
      checkRequest(size, align);
      return null;
    }
    return bucket.alloc(size, align);
  }

  /**
   * Reallocates a block where it is, as long as its bucket is for such sizes, and moves it to another bucket otherwise; `null`
   * where that is full, or where there is none.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a block that no bucket owns.
   */
  realloc(block: Buffer, size: number, align?: number): Buffer | null {
    checkRequest(size, align);
    const owner = this.ownerOf(block);
    const bucket = this.#bucketFor(size);
    if (bucket === undefined) {
      return null;
    }
    const fits = size <= this.#sizes[this.#buckets.lastIndexOf(owner)]!;
    const resized = fits ? owner.realloc(block, size, align) : null;
    return resized !== null || owner === bucket ? resized : moveBlock(block, size, align, owner, bucket);
  }

  /**
   * Disposes of the buckets, as far as they have a `dispose` themselves. Idempotent, where theirs is.
   *
   * @throws What one of them has thrown; the others are disposed of nevertheless.
   */
  dispose(): void {
    disposeOf(this.#buckets);
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Whether one of the buckets owns the memory. */
  override owns(block: Buffer): boolean {
    const bucket = this.#likelyOwner(block);
    return (bucket !== undefined && ownsNow(bucket, block)) || super.owns(block);
  }

  /** @internal */
  protected override ownerOf(block: Buffer): BlockOwner {
    const bucket = this.#likelyOwner(block);
    return bucket !== undefined && ownsNow(bucket, block) ? bucket : super.ownerOf(block, bucket);
  }

  /**
   * The list that blocks of this length come from, most often. Asking all buckets takes longer, and is needed where one of
   * them may have its memory from another one.
   */
  #likelyOwner(block: Buffer): FreeList | undefined {
    const bucket = ArrayBuffer.isView(block) ? this.#bucketFor(block.byteLength) : undefined;
    return bucket instanceof FreeList ? bucket : undefined;
  }

  #bucketFor(size: number): BlockOwner | undefined {
    const sizes = this.#sizes;
    let from = 0;
    let to = sizes.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (size <= sizes[middle]!) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return this.#buckets[from];
  }
}

function disposeOf(buckets: readonly BlockOwner[]): void {
  const errors: unknown[] = [];
  for (const bucket of buckets as readonly (BlockOwner & { dispose?: () => void })[]) {
    try {
      bucket.dispose?.();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    throw errors[0];
  }
}

function checkRequest(size: number, align: number | undefined): void {
  checkSize('size', size);
  if (align !== undefined) {
    checkAlign('align', align);
  }
}

function copySizes(sizes: unknown): readonly number[] {
  if (!Array.isArray(sizes)) {
    throw invalidType('sizes', 'an array of numbers', sizes);
  }
  let least = 0;
  return Array.from(sizes, (size: unknown, i) => {
    checkSize(`sizes[${i}]`, size);
    if (size < least) {
      throw outOfRange(`sizes[${i}]`, `an integer >= ${least}, for sizes are ascending`, size);
    }
    least = size + 1;
    return size;
  });
}
