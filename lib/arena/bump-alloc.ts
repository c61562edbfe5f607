import { inspect } from 'node:util';

import type { BlockOwner } from '../allocator/allocator';
import { placeIn, type Placing } from '../allocator/bump';
import { foreignBlock, type Range, rangeOf } from '../allocator/checks';
import { markAsUncloneable } from '../arguments';
import { illegalConstructor, outOfRange } from '../errors';
import type { Init, StructClass } from '../layout/types';
import { BlockBuffer } from '../memory/buffer-view';
import { isDetached } from '../memory/detach';
import { type BlockLifetime, Lifetime, lifetimeOfBuffer, type Owner } from '../memory/lifetime';
import { SharedRegion } from '../memory/shared-region';
import { Views } from '../memory/views';
import { alignDown, alignUp, checkAlign, checkSize, DEFAULT_ALIGN, formatSizes, GiB, isAlign } from '../sizes';
import { type BumpAllocHandle, handleOf, keyOf, memoryOf, WeakValues } from './bump-alloc-handle';
import { Chunk } from './chunk';
import { type ArenaStats, statsOf } from './stats';
import { checkView, elementSizeOf, isBuiltIn, type TypedArrayConstructor } from './typed-array';

// What a module imports is read anew, as a property of the other one, at every call; what it has itself is compiled in.
const ALIGN = DEFAULT_ALIGN;
const validAlign = isAlign;

/** What this thread has, so that it does not attach to the same memory twice. */
const attached = new WeakValues<BumpAlloc>();

let placing: Placing<BumpAlloc>;

/** For `offheap/global`, which takes memory without `buffer`. */
export let regionOf: (alloc: BumpAlloc) => SharedRegion;

type ViewConstructor<T> = new (buffer: ArrayBuffer, byteOffset: number, length: number) => T;

/**
 * A bump allocator that never frees, over memory that all threads of the process can share: for programs that end before
 * memory does, and as the source from which other allocators take theirs.
 *
 * Each thread takes chunks of up to 64 KiB and allocates within its own, without waiting for anybody; larger requests are
 * taken directly. Running out of room is answered with `null`, or `-1` for offsets, and takes nothing. Memory is committed as
 * it is needed, and lasts as long as any thread holds an allocator over it, or a view on it.
 *
 * `new BumpAlloc()` has 1 GiB, `BumpAlloc.withSize(bytes)` any size. Nothing is reserved before the first allocation. No memory
 * is handed out twice, so fresh blocks are zero.
 */
export class BumpAlloc implements BlockOwner {
  readonly #region: SharedRegion;
  readonly #chunk: Chunk;
  #views: Views | null = null;
  #lifetime: Lifetime | null = null;
  readonly #owner: Owner = {
    stride: 1,
    definition: null,
    currentViews: () => this.#viewsOn(this.#reach(this.#chunk.start)),
    holds: (buffer) => this.#region.startOf(buffer) === 0,
  };

  /** @internal Users see one without parameters. */
  constructor(region: SharedRegion = SharedRegion.create(GiB)) {
    if (!(region instanceof SharedRegion)) {
      throw illegalConstructor(
        'BumpAlloc.withSize(bytes) makes one of another size than 1 GiB. Received new BumpAlloc(…)',
      );
    }
    this.#region = region;
    this.#chunk = new Chunk(region);
    markAsUncloneable?.(this);
  }

  /**
   * Memory of another size. Nothing is reserved before the first allocation.
   *
   * @param bytes From 0 to the runtime's limit for ArrayBuffers (4 GiB on Node 20).
   * @throws OffheapError `ERR_OFFHEAP_TOO_LARGE` above that limit.
   */
  static withSize(bytes: number): BumpAlloc {
    checkSize('bytes', bytes);
    return new BumpAlloc(SharedRegion.create(bytes));
  }

  /**
   * What other threads attach with: small, and made to be posted to them, or passed as `workerData`. The memory lasts as long as
   * any thread has an allocator over it, so keep this one until the others have attached.
   *
   * @throws OffheapError `ERR_OFFHEAP_ADDON` where there is no addon for this platform.
   */
  get handle(): BumpAllocHandle {
    const { key } = this.#region;
    attached.set(key, this);
    return handleOf(key);
  }

  /**
   * An allocator over the memory of another thread's. The same one, as long as it is in use, for the same handle in the same thread.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no object; OffheapError `ERR_OFFHEAP_HANDLE` for what has not the
   * form of a handle, and for one whose memory does not exist, or exists no more, in this process.
   */
  static attach(handle: BumpAllocHandle): BumpAlloc {
    const key = keyOf(handle);
    const known = attached.get(key);
    if (known !== undefined) {
      return known;
    }
    const alloc = new BumpAlloc(memoryOf(key));
    attached.set(key, alloc);
    return alloc;
  }

  // --- Allocating -------------------------------------------------------------------------------------------------

  /**
   * Allocates a block of exactly `size` bytes, or answers `null`. It is zero, unless somebody has written beyond what was
   * allocated.
   *
   * @param align A power of two from 1 to 2^30. Default: 8.
   * @throws OffheapError `ERR_OFFHEAP_OS` where the system has no addresses, `ERR_OFFHEAP_ADDON` where there is no addon for this
   * platform, `ERR_OFFHEAP_EXTERNAL_BUFFERS` where the runtime refuses such memory (Electron): for the first allocation, and for
   * every one after it until it succeeds. `ERR_OFFHEAP_OS`, too, where a larger ArrayBuffer is refused later.
   */
  alloc(size: number, align: number = ALIGN): Buffer | null {
    const used = this.#chunk.start;
    const offset = this.allocOffset(size, align);
    return offset < 0 ? null : this.#view(BlockBuffer, offset, size, offset + size, used);
  }

  /**
   * Allocates a block of exactly `size` bytes, all zero, or answers `null`. Fresh memory is; where somebody has taken away the
   * ArrayBuffer of this allocator, and may write to all of it, the block is cleared. What others write beyond what they have
   * allocated, through `buffer` or in another thread, is not noticed.
   */
  allocZeroed(size: number, align: number = ALIGN): Buffer | null {
    const block = this.alloc(size, align);
    return block !== null && block.byteOffset < this.#region.exposedBefore ? block.fill(0) : block;
  }

  /**
   * Allocates a typed array of `length` elements, aligned to the size of one, or answers `null`.
   *
   * @param type A constructor: `Float64Array`, `Uint8Array`, … or `Buffer`, or a class that extends one
   * @throws TypeError `ERR_INVALID_ARG_VALUE` for a class whose arrays are longer than its BYTES_PER_ELEMENT says.
   */
  allocArray<T extends NodeJS.TypedArray>(type: TypedArrayConstructor<T>, length: number): T | null {
    const elementSize = elementSizeOf('type', type);
    checkSize('length', length);
    // The product of a large length is inexact, but then it is far beyond every capacity, too.
    const size = Math.min(length * elementSize, Number.MAX_SAFE_INTEGER);
    const used = this.#chunk.start;
    const offset = this.allocOffset(size, elementSize);
    // Buffer itself can be called as a constructor, and warns that it should not be.
    const View = (type as unknown) === Buffer ? (BlockBuffer as unknown as typeof type) : type;
    return offset < 0 ? null : checkView(this.#view(View, offset, length, offset + size, used), size);
  }

  /** Allocates `size` bytes and answers their offset, or `-1`. Makes no object. */
  allocOffset(size: number, align: number = ALIGN): number {
    // isSafeInteger is false for everything that is no number, so nothing below can be reached with a wrong argument.
    if (Number.isSafeInteger(size) && size > 0 && typeof align === 'number' && validAlign(align)) {
      return this.#chunk.alloc(size, align);
    }
    checkSize('size', size);
    checkAlign('align', align);
    // An empty block has room everywhere and takes none. It must not begin where a block does, whose it would seem to be.
    const offset = alignUp(this.#chunk.start, align);
    const { byteLength } = this.#region.buffer;
    return offset <= byteLength ? offset : alignDown(byteLength, align);
  }

  /** A view on the room from `offset` to `end`, which has just been allocated, when the thread's pointer was at `used`. */
  #view<T>(type: ViewConstructor<T>, offset: number, length: number, end: number, used: number): T {
    try {
      return new type(this.#region.buffer, offset, length);
    } catch (error) {
      return this.#viewAgain(type, offset, length, end, used, error);
    }
  }

  /** The same after somebody has taken the buffer away. An allocation that fails even so gives the room back. */
  #viewAgain<T>(type: ViewConstructor<T>, offset: number, length: number, end: number, used: number, why: unknown): T {
    try {
      if (!isDetached(this.#region.buffer)) {
        throw why;
      }
      return new type(this.#reach(end), offset, length);
    } catch (error) {
      // A constructor of the caller's may have given the view away before it threw.
      if (type === BlockBuffer || isBuiltIn(type)) {
        this.#chunk.giveBack(used, end);
      }
      throw error;
    }
  }

  /** An ArrayBuffer over the first `end` bytes at least, which have been allocated. */
  #reach(end: number): ArrayBuffer {
    this.#region.grow(end);
    return this.#region.buffer;
  }

  /**
   * Allocates a record and answers a reference to it, or `null`. What `init` leaves out is zero. Records of several structs can
   * link to each other. A reference never goes stale.
   *
   * @param Struct A class made by `struct()`, or a subclass of one, without `text` fields.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a value that does not fit its field;
   * OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a link to a record of another arena.
   */
  place<T extends object>(Struct: StructClass<T>, init: Init<T> = {} as Init<T>): T | null {
    return placeIn(this as BumpAlloc, placing, (alloc) => alloc.#currentLifetime(), Struct, init);
  }

  /**
   * Makes a block `size` bytes long: in place where it becomes shorter, or where nothing has been taken behind it, by this thread
   * or another one; else by copying it. The old Buffer must not be used any more. `null` where there is no room; then the block
   * is as it was.
   *
   * @param align For the case that it moves. Default: 8.
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this allocator.
   */
  realloc(block: NodeJS.ArrayBufferView, size: number, align: number = ALIGN): Buffer | null {
    checkSize('size', size);
    checkAlign('align', align);
    const range = rangeOf(block);
    const offset = this.#offsetOf(range);
    const { buffer, byteOffset, byteLength: length } = range;
    if (size <= length) {
      return new BlockBuffer(buffer, byteOffset, size);
    }
    this.#reach(offset + length); // first of all what may throw
    if (length > 0 && this.#chunk.extend(offset + length, size - length)) {
      return new BlockBuffer(this.#region.buffer, offset, size);
    }
    const moved = this.alloc(size, align);
    moved?.set(new Uint8Array(buffer, byteOffset, length));
    return moved;
  }

  /**
   * Does nothing but look whose block it is: this allocator never frees.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this allocator.
   */
  free(block: NodeJS.ArrayBufferView): void {
    this.#offsetOf(rangeOf(block));
  }

  // --- What is where ----------------------------------------------------------------------------------------------

  /** Whether the memory of `block` has been allocated here, by whichever thread, and is seen by an ArrayBuffer of this one. */
  owns(block: NodeJS.ArrayBufferView): boolean {
    return this.#find(rangeOf(block)) >= 0;
  }

  /** The offset of memory that has been allocated; -1 for any other. */
  #find({ buffer, byteOffset, byteLength }: Range): number {
    const start = this.#region.startOf(buffer);
    if (start === undefined) {
      return -1;
    }
    const offset = start + byteOffset;
    const found = byteLength === 0 ? !isDetached(buffer) : this.#isAllocated(offset, offset + byteLength);
    return found ? offset : -1;
  }

  /** Whether memory is somebody's: what other threads have not used of their chunks counts, too. */
  #isAllocated(from: number, to: number): boolean {
    const { start, end } = this.#chunk;
    return to <= start || ((from >= end || start === end) && to <= this.#region.taken());
  }

  #offsetOf(range: Range): number {
    const offset = this.#find(range);
    if (offset < 0) {
      throw foreignBlock('this BumpAlloc', range);
    }
    return offset;
  }

  /** How long the memory of a block lasts: for ever. */
  lifetimeOf(block: NodeJS.ArrayBufferView): BlockLifetime {
    const range = rangeOf(block);
    this.#offsetOf(range);
    // What is on an ArrayBuffer over only a part has other offsets than the rest.
    const lifetime =
      this.#region.startOf(range.buffer) === 0
        ? this.#currentLifetime()
        : lifetimeOfBuffer(range.buffer as ArrayBuffer);
    return lifetime.token;
  }

  #currentLifetime(): Lifetime {
    const views = this.#viewsOn(this.#reach(this.#chunk.start));
    if (this.#lifetime === null) {
      this.#lifetime = new Lifetime(this.#owner, views);
    } else if (this.#lifetime.buffer !== views.buffer) {
      this.#lifetime.see(views);
    }
    return this.#lifetime;
  }

  /**
   * Where a block lies, in bytes: the same in all threads, so that another one finds it by `bytesAt`.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this allocator.
   */
  offsetOf(block: NodeJS.ArrayBufferView): number {
    return this.#offsetOf(rangeOf(block));
  }

  /**
   * The bytes that this thread or another one has allocated there. They are the memory itself, and no copy. What another thread
   * has written, this one sees once it has learned of it by a message, or through `Atomics`.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` for bytes that have not been allocated.
   */
  bytesAt(offset: number, length: number): Buffer {
    checkSize('offset', offset);
    checkSize('length', length);
    const end = offset + length;
    const isEmpty = length === 0 && offset <= this.capacity;
    if (!isEmpty && !this.#isAllocated(offset, end)) {
      throw outOfRange('offset', `that of ${length} bytes which have been allocated`, offset);
    }
    const buffer = this.#reach(isEmpty ? 0 : end);
    return new BlockBuffer(buffer, isEmpty ? Math.min(offset, buffer.byteLength) : offset, length);
  }

  /**
   * The memory as an ArrayBuffer, as far as threads have taken it, in which a block's `byteOffset` is its offset. Growth replaces
   * it by another one, so read it anew rather than keep it.
   */
  get buffer(): ArrayBuffer {
    return this.#reach(this.#region.taken());
  }

  /** A typed array of each kind over `buffer`, for use with `allocOffset`. Read it anew after allocating, too. */
  get views(): Views {
    return this.#viewsOn(this.buffer);
  }

  #viewsOn(buffer: ArrayBuffer): Views {
    const views = this.#views;
    return views !== null && views.buffer === buffer ? views : (this.#views = new Views(buffer));
  }

  /** Bytes, as given to `withSize`. */
  get capacity(): number {
    return this.#region.capacity;
  }

  /**
   * Bytes that are somebody's: what was allocated, with alignment; the chunks of other threads, used up or not; and the ends of
   * chunks that were left for the next one.
   */
  get allocated(): number {
    const { start, end } = this.#chunk;
    return this.#region.taken() - (end - start);
  }

  /** Bytes left, those of this thread's chunk included. */
  get remaining(): number {
    return this.capacity - this.allocated;
  }

  /** Bytes of physical memory behind it, for all threads together. Asks the system: microseconds, and more with every GiB. */
  get resident(): number {
    return this.#region.resident();
  }

  /** What it holds, in bytes, for all threads together. Asks the system: microseconds, and more with every GiB. */
  get stats(): ArenaStats {
    const { allocated } = this; // which never falls
    return statsOf(this.#region.committed === 0 ? [] : [this.#region], allocated, allocated);
  }

  [inspect.custom](): string {
    const { allocated, capacity, resident } = this;
    return `BumpAlloc { ${formatSizes({ allocated, capacity, resident })} }`;
  }

  static {
    regionOf = (alloc) => alloc.#region;
    placing = {
      used: (alloc) => alloc.#chunk.start,
      goBack(alloc, offset, untouched = false) {
        const clear = (from: number, to: number): void => {
          new Uint8Array(alloc.#reach(to), from, to - from).fill(0);
        };
        alloc.#chunk.giveBack(offset, alloc.#chunk.start, untouched ? undefined : clear);
      },
      allocOffset: (alloc, size, align) => BumpAlloc.prototype.allocOffset.call(alloc, size, align),
      // Nothing is freed here, so that there is nothing to protect records from.
      floor: () => 0,
      setFloor() {},
    };
  }
}
