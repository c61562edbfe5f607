import { type Bump, freeIn, reallocIn } from '../allocator/bump';
import { type Range, rangeOf } from '../allocator/checks';
import { Claims } from '../allocator/claims';
import { OffheapError } from '../errors';
import { BlockBuffer } from '../memory/buffer-view';
import { isDetached } from '../memory/detach';
import type { Region } from '../memory/region';
import { Views } from '../memory/views';
import { alignDown, alignUp, checkAlign, checkSize, DEFAULT_ALIGN, isAlign } from '../sizes';
import { checkView, elementSizeOf, type TypedArrayConstructor } from './typed-array';

// What a module imports is read anew, as a property of the other one, at every call; what it has itself is compiled in.
const ALIGN = DEFAULT_ALIGN;
const validAlign = isAlign;
const aligned = alignUp;

type ViewConstructor<T> = new (buffer: ArrayBuffer, byteOffset: number, length: number) => T;

interface Pointers extends Bump<BumpPointer> {
  /** Starts over; `isZero` says whether all memory is known to be zero now. */
  readonly startOver: (pointer: BumpPointer, isZero: boolean) => void;
  readonly makeClaims: (pointer: BumpPointer) => Claims;
  /** Notes that memory from `offset` on has become zero, if it was not. */
  readonly setZeroFrom: (pointer: BumpPointer, offset: number) => void;
  /** Refuses everything from now on. */
  readonly close: (pointer: BumpPointer) => void;
  readonly isClosed: (pointer: BumpPointer) => boolean;
  /** Throws `ERR_OFFHEAP_DISPOSED` once closed. */
  readonly checkOpen: (pointer: BumpPointer) => void;
}

/** What the rest of an arena may do to its pointer. */
export let pointers: Pointers;

/**
 * The half of an arena that allocates: a bump pointer through a region. What makes the pointer go back is in BumpArena.
 *
 * Here and there, `#used` goes up by allocations and down by `goBack`, and by an allocation that is undone.
 */
export abstract class BumpPointer {
  readonly #region: Region;
  readonly #zeroed: boolean;

  #used = 0;
  /** How far allocations go without a look at the region; negative once closed, so that every one looks. */
  #limit = 0;
  #buffer: ArrayBuffer;
  #views: Views | null = null;
  /** Memory from here on is known to be zero, but for what `#used` has covered since `goBack`. */
  #dirty: number;
  #highWaterMark = 0;
  /** Where the last record ends. */
  #floor = 0;
  #claims: Claims | null = null;
  #closed = false;

  /** @internal */
  protected constructor(region: Region, zeroed: boolean) {
    this.#region = region;
    this.#zeroed = zeroed;
    this.#dirty = region.dirty;
    this.#buffer = region.buffer;
    this.#limit = region.buffer.byteLength;
  }

  /**
   * Allocates a block of exactly `size` bytes, or answers `null`. Its offset is `block.byteOffset`. It shows whatever was
   * there, as with `Buffer.allocUnsafe`, unless the arena was made with `zeroed`.
   */
  alloc(size: number, align: number = ALIGN): Buffer | null {
    const used = this.#used;
    const offset = this.allocOffset(size, align);
    return offset < 0 ? null : this.#view(offset, size, used);
  }

  /**
   * Allocates a block of exactly `size` bytes, all zero, or answers `null`. Memory that was never used, or that `trim`
   * has given back, is known to be zero and not cleared again; writing above `used`, through `buffer` or through a
   * Buffer from before a `rewind`, breaks that.
   */
  allocZeroed(size: number, align: number = ALIGN): Buffer | null {
    const used = this.#used;
    const offset = this.allocOffset(size, align);
    if (offset < 0) {
      return null;
    }
    const block = this.#view(offset, size, used);
    if (offset < this.#dirty) {
      block.fill(0, 0, Math.min(size, this.#dirty - offset));
    }
    return block;
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
    const used = this.#used;
    const offset = this.allocOffset(size, elementSize);
    if (offset < 0) {
      return null;
    }
    // Buffer itself can be called as a constructor, and warns that it should not be.
    const View = (type as unknown) === Buffer ? (BlockBuffer as unknown as typeof type) : type;
    try {
      return checkView(new View(this.#buffer, offset, length), size);
    } catch {
      return this.#viewAgain(View, offset, length, size, used);
    }
  }

  /** Allocates `size` bytes and answers their offset, or `-1`. Makes no object. */
  allocOffset(size: number, align: number = ALIGN): number {
    // isSafeInteger is false for everything that is no number, so nothing below can be reached with a wrong argument.
    if (Number.isSafeInteger(size) && size > 0 && typeof align === 'number' && validAlign(align)) {
      const offset = aligned(this.#used, align);
      const end = offset + size;
      if (end <= this.#limit) {
        if (this.#zeroed) {
          this.#clear(offset, end);
        }
        this.#used = end;
        return offset;
      }
    }
    return this.#allocSlow(size, align);
  }

  #allocSlow(size: number, align: number): number {
    this.#checkOpen();
    checkSize('size', size);
    checkAlign('align', align);
    const offset = aligned(this.#used, align);
    if (size === 0) {
      // An empty block has room everywhere and takes none; where no aligned offset is left, it lies at an earlier one.
      return offset <= this.#limit ? offset : alignDown(this.#limit, align);
    }
    const end = offset + size;
    // Compared without a sum, which for the largest sizes would be inexact.
    if (size > this.#region.capacity - offset || !this.#grow(end)) {
      return -1;
    }
    if (this.#zeroed) {
      this.#clear(offset, end);
    }
    this.#used = end;
    return offset;
  }

  /** Makes `#buffer` reach to `end` and be attached. */
  #grow(end: number): boolean {
    const taken = this.#limit > 0 && this.#buffer.byteLength === 0;
    if (!this.#region.grow(end)) {
      return false;
    }
    if (taken) {
      // Whoever took the buffer may have written to all of it.
      this.#dirty = Math.max(this.#dirty, this.#limit);
    }
    this.#buffer = this.#region.buffer;
    this.#limit = this.#buffer.byteLength;
    return true;
  }

  /** Clears what is about to be allocated, as far as it is not known to be zero. */
  #clear(offset: number, end: number): void {
    if (this.#buffer.byteLength === 0) {
      this.#grow(end);
    }
    if (offset < this.#dirty) {
      new Uint8Array(this.#buffer, offset, Math.min(end, this.#dirty) - offset).fill(0);
    }
  }

  /** A block that has just been allocated, when `used` bytes were in use. */
  #view(offset: number, size: number, used: number): Buffer {
    try {
      return new BlockBuffer(this.#buffer, offset, size);
    } catch {
      return this.#viewAgain(BlockBuffer, offset, size, size, used);
    }
  }

  /** The same after somebody has taken the buffer away. An allocation that fails even so has not advanced. */
  #viewAgain<T extends NodeJS.TypedArray>(
    type: ViewConstructor<T>,
    offset: number,
    length: number,
    size: number,
    used: number,
  ): T {
    try {
      this.#grow(Math.max(this.#used, Math.min(1, this.#limit)));
      return checkView(new type(this.#buffer, offset, length), size);
    } catch (error) {
      this.#dirty = Math.max(this.#dirty, this.#used); // a view's own constructor may have written before it threw
      this.#used = used;
      throw error;
    }
  }

  /**
   * Makes a block `size` bytes long: in place where it is the last one or becomes shorter, else by moving its contents to
   * a new block. The old Buffer must not be used any more. `null` where there is no room; then the block is as it was.
   *
   * @param align For the case that it moves. Default: 8.
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this arena.
   */
  realloc(block: NodeJS.ArrayBufferView, size: number, align: number = ALIGN): Buffer | null {
    return reallocIn(this, pointers, block, size, align);
  }

  /**
   * Gives a block back. Only the last one makes room; for an earlier one nothing happens.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this arena.
   */
  free(block: NodeJS.ArrayBufferView): void {
    freeIn(this, pointers, block);
  }

  /** Whether the memory of `block` lies in what this arena has allocated and not taken back. */
  owns(block: NodeJS.ArrayBufferView): boolean {
    this.#checkOpen();
    return this.#ownsRange(rangeOf(block));
  }

  #ownsRange({ buffer, byteOffset, byteLength }: Range): boolean {
    return (
      (buffer === this.#buffer || this.#region.holds(buffer)) &&
      (byteLength === 0 ? !isDetached(buffer) : byteOffset + byteLength <= this.#used)
    );
  }

  #checkOwned(range: Range): void {
    this.#checkOpen();
    if (!this.#ownsRange(range)) {
      const { buffer, byteOffset, byteLength } = range;
      throw new OffheapError(
        'ERR_OFFHEAP_FOREIGN_BLOCK',
        `Expected a live block of this arena, which has ${this.#used} bytes in use. ` +
          `Received ${byteLength} bytes at offset ${byteOffset} ` +
          (this.#region.holds(buffer) ? 'of it' : 'of another ArrayBuffer, or of one from before it started over'),
      );
    }
  }

  /** Bytes, as given to the constructor. */
  get capacity(): number {
    this.#checkOpen();
    return this.#region.capacity;
  }

  /** Bytes allocated, alignment included: the bump pointer. */
  get used(): number {
    this.#checkOpen();
    return this.#used;
  }

  /** Bytes left. */
  get remaining(): number {
    this.#checkOpen();
    return this.#region.capacity - this.#used;
  }

  /** The largest `used` ever reached, in bytes. Starting over does not lower it. */
  get highWaterMark(): number {
    this.#checkOpen();
    return Math.max(this.#highWaterMark, this.#used);
  }

  /**
   * The memory as an ArrayBuffer, in which a block's `byteOffset` is its offset. Growth and starting over replace it by
   * another one, so read it anew rather than keep it.
   */
  get buffer(): ArrayBuffer {
    this.#checkOpen();
    if (this.#buffer.byteLength === 0) {
      // Taken away, or not yet exposed in this round. What is not committed stays so.
      this.#grow(Math.min(Math.max(this.#used, 1), this.#region.committed, this.#region.capacity));
    }
    return this.#buffer;
  }

  /** A typed array of each kind over `buffer`, for use with `allocOffset`. Read it anew after allocating, too. */
  get views(): Views {
    const views = this.#views;
    // A buffer that was taken away leaves views that are empty.
    if (views !== null && views.buffer === this.#buffer && views.u8.length > 0) {
      return views;
    }
    return (this.#views = new Views(this.buffer));
  }

  #goBack(offset: number): void {
    this.#claims?.goBack(offset); // first, so that nothing is given up on which something rests
    const used = this.#used;
    if (used > this.#dirty) {
      this.#dirty = used;
    }
    if (used > this.#highWaterMark) {
      this.#highWaterMark = used;
    }
    // A checkpoint may be above a block that was freed since.
    this.#used = Math.min(used, offset);
    this.#floor = Math.min(this.#floor, offset);
  }

  #checkOpen(): void {
    if (this.#closed) {
      throw new OffheapError('ERR_OFFHEAP_DISPOSED', `The ${this.constructor.name} has been disposed of`);
    }
  }

  // For the other half of the arena. Methods would do as well, if nobody could override them in a class of their own.
  static {
    pointers = {
      used: (pointer) => pointer.#used,
      allocOffset: (pointer, size, align) => BumpPointer.prototype.allocOffset.call(pointer, size, align),
      view: (pointer, offset, size, used) => pointer.#view(offset, size, used),
      goBack(pointer, offset) {
        pointer.#goBack(offset);
      },
      startOver(pointer, isZero) {
        pointer.#claims?.clear();
        pointer.#goBack(0);
        pointer.#dirty = isZero ? 0 : Math.max(pointer.#dirty, pointer.#region.dirty);
        pointer.#buffer = pointer.#region.buffer;
        pointer.#limit = pointer.#buffer.byteLength;
      },
      setZeroFrom(pointer, offset) {
        pointer.#goBack(pointer.#used);
        pointer.#dirty = Math.min(pointer.#dirty, offset);
      },
      setFloor(pointer, offset) {
        pointer.#floor = offset;
      },
      floor: (pointer) => pointer.#floor,
      claims: (pointer) => pointer.#claims,
      makeClaims: (pointer) => (pointer.#claims ??= new Claims()),
      close(pointer) {
        pointer.#claims?.clear();
        pointer.#closed = true;
        pointer.#limit = -1;
        pointer.#used = 0;
        pointer.#buffer = pointer.#region.buffer;
        pointer.#views = null;
      },
      isClosed: (pointer) => pointer.#closed,
      checkOpen(pointer) {
        pointer.#checkOpen();
      },
      checkOwned(pointer, range) {
        pointer.#checkOwned(range);
      },
    };
  }
}
