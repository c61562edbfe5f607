import { inspect } from 'node:util';

import type { BlockOwner } from '../allocator/allocator';
import { placeIn, type Placing } from '../allocator/bump';
import { checkView, disposed, foreignBlock, moveBlock } from '../allocator/checks';
import { checkNoPromise, checkScopeFunction } from '../allocator/scope-function';
import { markAsUncloneable } from '../arguments';
import { illegalConstructor, OffheapError, outOfRange } from '../errors';
import type { Init, StructClass } from '../layout/types';
import type { BlockLifetime } from '../memory/lifetime';
import { alignUp, checkSize, DEFAULT_ALIGN, formatBytes, formatSizes, MiB } from '../sizes';
import { newestLifetime } from './bump-arena';
import { pointers } from './bump-pointer';
import { Memory, type Range } from './memory-ranges';
import { type ArenaStats, statsOf } from './stats';
import { elementSizeOf, type TypedArrayConstructor } from './typed-array';

/** Less would be less than a page, and is most often meant as a number of MiB. */
const LEAST_BLOCK = 4096;

let placing: Placing<ArenaAllocator>;
let endAllocator: (allocator: ArenaAllocator) => void;

/**
 * What {@link MemoryArena.allocator} answers: the sole access to an arena, until `dispose()`. Everything else throws
 * `ERR_OFFHEAP_DISPOSED` afterwards.
 *
 * Running out of memory is answered with `null`, and changes nothing. An alignment is a power of two from 1 to 2^30, 8 unless
 * said otherwise.
 */
export class ArenaAllocator implements BlockOwner {
  readonly #memory: Memory;
  /** The one that is allocated from; `null` once disposed of. Those before it are full, those after it empty. */
  #range: Range | null;
  #index = 0;

  /** @internal */
  constructor(memory: Memory) {
    if (!(memory instanceof Memory)) {
      throw illegalConstructor('Arena allocators are made by arena.allocator(). Received new ArenaAllocator()');
    }
    this.#memory = memory;
    this.#range = memory.ranges[0]!;
    markAsUncloneable?.(this);
  }

  /** Allocates a block of exactly `size` bytes, or answers `null`. It shows whatever was there. */
  alloc(size: number, align: number = DEFAULT_ALIGN): Buffer | null {
    return this.#open.alloc(size, align) ?? this.#inNext(size, align, (range) => range.alloc(size, align));
  }

  /** Allocates a block of exactly `size` bytes, all zero, or answers `null`. */
  allocZeroed(size: number, align: number = DEFAULT_ALIGN): Buffer | null {
    return this.#open.allocZeroed(size, align) ?? this.#inNext(size, align, (range) => range.allocZeroed(size, align));
  }

  /**
   * Allocates a typed array of `length` elements, aligned to the size of one, or answers `null`.
   *
   * @param type A constructor: `Float64Array`, `Uint8Array`, … or `Buffer`, or a class that extends one
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for a class whose arrays are longer than its BYTES_PER_ELEMENT says.
   */
  allocArray<T extends NodeJS.TypedArray>(type: TypedArrayConstructor<T>, length: number): T | null {
    const array = this.#open.allocArray(type, length);
    if (array !== null) {
      return array;
    }
    const align = elementSizeOf('type', type);
    return this.#inNext(length * align, align, (range) => range.allocArray(type, length));
  }

  /**
   * Allocates a record and answers a reference to it, or `null`. What `init` leaves out is zero. The reference is stale, and
   * throws, once the allocator is disposed of. Records of several structs can link to each other.
   *
   * @param Struct A class made by `struct()`, or a subclass of one, without `text` fields.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a value that does not fit its field;
   * OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a link to a record of another arena.
   */
  place<T extends object>(Struct: StructClass<T>, init: Init<T> = {} as Init<T>): T | null {
    return placeIn(this as ArenaAllocator, placing, (allocator) => newestLifetime(allocator.#open), Struct, init);
  }

  /** Tries the next range where this one is full, and goes on there. */
  #inNext<T>(size: number, align: number, allocate: (range: Range) => T | null): T | null {
    const { capacity, used } = this.#open;
    const next = alignUp(used, align) + size > capacity ? this.#memory.next(this.#index, size) : null;
    const result = next && allocate(next); // otherwise it is the system that has refused
    if (result !== null) {
      this.#range = next;
      this.#index++;
    }
    return result;
  }

  /** The range that is allocated from. */
  get #open(): Range {
    return this.#range ?? this.#reject();
  }

  /**
   * Makes a block `size` bytes long: in place where it is the last one or becomes shorter, else by moving its contents. The
   * old Buffer must not be used any more. `null` where there is no room; then the block is as it was.
   *
   * @param align For the case that it moves. Default: 8.
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this allocator.
   */
  realloc(block: NodeJS.ArrayBufferView, size: number, align: number = DEFAULT_ALIGN): Buffer | null {
    const range = this.#rangeOf(block);
    const answer = range.realloc(block, size, align);
    return answer ?? moveBlock(block, size, align, range, this);
  }

  /**
   * Gives a block back. Only the last one makes room; for an earlier one nothing happens.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this allocator.
   */
  free(block: NodeJS.ArrayBufferView): void {
    this.#rangeOf(block).free(block);
  }

  /** Whether the memory of `block` lies in what this allocator has allocated and not taken back. */
  owns(block: NodeJS.ArrayBufferView): boolean {
    return this.#find(block) !== undefined;
  }

  /** How long the memory of a block lasts: until it is freed or moves, or the allocator is disposed of. */
  lifetimeOf(block: NodeJS.ArrayBufferView): BlockLifetime {
    return this.#rangeOf(block).lifetimeOf(block);
  }

  #find(block: NodeJS.ArrayBufferView): Range | undefined {
    checkView(block);
    const range = this.#open;
    return range.owns(block) ? range : this.#memory.ranges.slice(0, this.#index).find((each) => each.owns(block));
  }

  #rangeOf(block: NodeJS.ArrayBufferView): Range {
    const range = this.#find(block);
    if (range === undefined) {
      throw foreignBlock('this ArenaAllocator', block);
    }
    return range;
  }

  /** Bytes allocated, alignment included. */
  get used(): number {
    const range = this.#open;
    return this.#memory.ranges.slice(0, this.#index).reduce((sum, { used }) => sum + used, range.used);
  }

  /**
   * Makes all of the arena's memory available again, and keeps it. References are stale; Buffers alias what is allocated next.
   * Idempotent.
   */
  dispose(): void {
    if (this.#range === null) {
      return;
    }
    this.#range = null;
    const { ranges } = this.#memory;
    for (let i = 0; i <= this.#index; i++) {
      ranges[i]!.resetUnsafe();
    }
    this.#memory.user = null;
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #reject(): never {
    throw disposed(this.#memory.disposed ? 'MemoryArena' : 'ArenaAllocator');
  }

  [inspect.custom](): string {
    return `ArenaAllocator { ${this.#range === null ? 'disposed' : `used: ${formatBytes(this.used)}`} }`;
  }

  static {
    endAllocator = (allocator) => {
      allocator.#range = null;
    };
    const allocOffset = (range: Range, size: number, align: number): number | null => {
      const offset = pointers.allocOffset(range, size, align);
      return offset < 0 ? null : offset;
    };
    placing = {
      used: (allocator) => pointers.used(allocator.#open),
      goBack(allocator, offset) {
        pointers.goBack(allocator.#open, offset);
      },
      allocOffset: (allocator, size, align) =>
        allocOffset(allocator.#open, size, align) ??
        allocator.#inNext(size, align, (range) => allocOffset(range, size, align)) ??
        -1,
      floor: (allocator) => pointers.floor(allocator.#open),
      setFloor(allocator, offset) {
        pointers.setFloor(allocator.#open, offset);
      },
    };
  }
}

/**
 * An arena for scratch memory of any size, which is given up all at once and kept: for each pixel, line, or request. It grows
 * by blocks, and is used through one allocator at a time.
 *
 * Blocks lie side by side in one range of addresses. So a request that is larger than a block spans several, nothing is lost at
 * their ends, records can link to each other across them, and how many there are makes no difference to an allocation. A range
 * has 64 GiB, or as many as the system allows (4 GiB on Node 20); beyond it another one is used, and no link leads there.
 *
 * No destructors run. Dropped without `dispose()`, the memory is given back once the garbage collector finds that no view is
 * left.
 *
 * @example
 * ```js
 * import { MemoryArena } from 'offheap';
 *
 * const memory = new MemoryArena();
 * const sum = memory.scope((scratch) => {
 *   const numbers = scratch.allocArray(Float64Array, 1000).fill(0.5);
 *   return numbers.reduce((total, number) => total + number);
 * });
 * console.log(sum); // → 500
 * ```
 */
export class MemoryArena {
  readonly #memory: Memory;

  /**
   * @param blockSize Bytes by which it grows, at least: from 4,096, 8 MiB unless said otherwise. The first block is made usable
   * by the first allocation; physical memory comes with the first touch.
   * @throws OffheapError `ERR_OFFHEAP_OS` where the system has no addresses for a block, `ERR_OFFHEAP_TOO_LARGE` for a block
   * longer than every ArrayBuffer, `ERR_OFFHEAP_ADDON` where there is no addon for this platform.
   */
  constructor(blockSize: number = 8 * MiB) {
    checkSize('blockSize', blockSize);
    if (blockSize < LEAST_BLOCK) {
      throw outOfRange('blockSize', `a number of bytes >= ${LEAST_BLOCK}, such as 8 * MiB`, blockSize);
    }
    this.#memory = new Memory(blockSize);
    markAsUncloneable?.(this);
  }

  /**
   * Grants access to the arena until it is disposed of, which makes all the space available again. Made for `using`.
   *
   * @throws OffheapError `ERR_OFFHEAP_EXCLUSIVE` while there is another one, `ERR_OFFHEAP_DISPOSED` after `dispose()`.
   */
  allocator(): ArenaAllocator {
    const memory = this.#memory;
    this.#checkOpen();
    if (memory.user !== null) {
      throw new OffheapError(
        'ERR_OFFHEAP_EXCLUSIVE',
        'The arena is in use: the allocator that was made before has to be disposed of first',
      );
    }
    return (memory.user = new ArenaAllocator(memory));
  }

  /**
   * Calls `fn` with an allocator, and disposes of that when `fn` returns or throws.
   *
   * @returns What `fn` returned.
   * @throws As `allocator` does, and OffheapError `ERR_OFFHEAP_ASYNC_SCOPE` for a function that returns a promise: an async
   * function is refused before it runs.
   */
  scope<R>(fn: (allocator: ArenaAllocator) => R): R {
    checkScopeFunction(fn);
    const allocator = this.allocator();
    let result: R;
    try {
      result = fn(allocator);
    } finally {
      allocator.dispose();
    }
    checkNoPromise(result);
    return result;
  }

  /** Whether an allocator has the arena. */
  get inUse(): boolean {
    return this.#memory.user !== null;
  }

  /** Bytes, as given to the constructor. */
  get blockSize(): number {
    return this.#memory.blockSize;
  }

  /** Bytes that have been made usable: blocks, for the most part twice as many whenever more are needed. */
  get committed(): number {
    this.#checkOpen();
    return this.#memory.ranges.reduce((sum, { region }) => sum + region.committed, 0);
  }

  /** Bytes of physical memory behind that. Asks the system: microseconds, and more with every GiB. */
  get resident(): number {
    this.#checkOpen();
    return this.#memory.ranges.reduce((sum, { region }) => sum + region.resident(), 0);
  }

  /** What it holds, in bytes; `live` is what its allocator has taken. Asks the system as `resident` does. */
  get stats(): ArenaStats {
    this.#checkOpen();
    const { ranges } = this.#memory;
    const sum = (key: 'used' | 'highWaterMark'): number => ranges.reduce((total, range) => total + range[key], 0);
    return statsOf(
      ranges.map(({ region }) => region),
      sum('used'),
      sum('highWaterMark'),
    );
  }

  /** Gives physical memory that is not in use back to the system. */
  trim(): void {
    this.#checkOpen();
    for (const range of this.#memory.ranges) {
      range.trim();
    }
  }

  /** Gives all memory back, and ends the allocator that has it. Idempotent; views that are left read zero. */
  dispose(): void {
    const memory = this.#memory;
    memory.disposed = true;
    if (memory.user !== null) {
      endAllocator(memory.user);
      memory.user = null;
    }
    for (const range of memory.ranges) {
      range.dispose();
    }
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkOpen(): void {
    if (this.#memory.disposed) {
      throw disposed('MemoryArena');
    }
  }

  [inspect.custom](): string {
    if (this.#memory.disposed) {
      return 'MemoryArena { disposed }';
    }
    const { blockSize, committed, inUse, resident } = this;
    return `MemoryArena { ${formatSizes({ blockSize, committed, resident })}${inUse ? ', in use' : ''} }`;
  }
}
