import { invalidType, OffheapError } from '../errors';
import { BlockBuffer } from '../memory/buffer-view';
import type { Region } from '../memory/region';
import { Views } from '../memory/views';
import { alignDown, alignUp, checkAlign, checkSize, DEFAULT_ALIGN, isAlign } from '../sizes';
import { checkTypedArray, type TypedArrayConstructor } from './typed-array';

// What a module imports is read anew, as a property of the other one, at every call; what it has itself is compiled in.
const ALIGN = DEFAULT_ALIGN;
const validAlign = isAlign;
const aligned = alignUp;

type ViewConstructor<T> = new (buffer: ArrayBuffer, byteOffset: number, length: number) => T;

/**
 * The half of an arena that allocates: a bump pointer through a region. What makes the pointer go back is in BumpArena.
 *
 * Here and there, `#used` goes up by allocations and down by `goBack` alone.
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
  #dirty = 0;
  /** What lies below has to be cleared by every allocation: `#dirty` if all blocks are zeroed, else 0. */
  #clearBelow = 0;
  #highWaterMark = 0;
  #closed = false;

  /** @internal */
  protected constructor(region: Region, zeroed: boolean) {
    this.#region = region;
    this.#zeroed = zeroed;
    this.#buffer = region.buffer;
    this.#limit = region.buffer.byteLength;
  }

  /** Allocates a block of exactly `size` bytes, or answers `null`. Its offset is `block.byteOffset`. */
  alloc(size: number, align: number = ALIGN): Buffer | null {
    const offset = this.allocOffset(size, align);
    return offset < 0 ? null : this.#view(offset, size);
  }

  /** Allocates a block of exactly `size` bytes, all zero, or answers `null`. */
  allocZeroed(size: number, align: number = ALIGN): Buffer | null {
    const offset = this.allocOffset(size, align);
    if (offset < 0) {
      return null;
    }
    if (offset < this.#dirty) {
      this.#clear(offset, offset + size, this.#dirty);
    }
    return this.#view(offset, size);
  }

  /**
   * Allocates a typed array of `length` elements, aligned to the size of one, or answers `null`.
   *
   * @param type A constructor: `Float64Array`, `Uint8Array`, …
   */
  allocArray<T extends NodeJS.TypedArray>(type: TypedArrayConstructor<T>, length: number): T | null {
    checkTypedArray('type', type);
    checkSize('length', length);
    // The product of a large length is inexact, but then it is far beyond every capacity, too.
    const size = Math.min(length * type.BYTES_PER_ELEMENT, Number.MAX_SAFE_INTEGER);
    const offset = this.allocOffset(size, type.BYTES_PER_ELEMENT);
    if (offset < 0) {
      return null;
    }
    try {
      return new type(this.#buffer, offset, length);
    } catch {
      return this.#viewAgain(type, offset, length);
    }
  }

  /** Allocates `size` bytes and answers their offset, or `-1`. Makes no object. */
  allocOffset(size: number, align: number = ALIGN): number {
    // isSafeInteger is false for everything that is no number, so nothing below can be reached with a wrong argument.
    if (Number.isSafeInteger(size) && size > 0 && typeof align === 'number' && validAlign(align)) {
      const offset = aligned(this.#used, align);
      const end = offset + size;
      if (end <= this.#limit) {
        this.#used = end;
        if (offset < this.#clearBelow) {
          this.#clear(offset, end, this.#clearBelow);
        }
        return offset;
      }
    }
    return this.#allocSlow(size, align);
  }

  #allocSlow(size: number, align: number): number {
    this.checkOpen();
    checkSize('size', size);
    checkAlign('align', align);
    const { capacity } = this.#region;
    const offset = aligned(this.#used, align);
    if (size === 0) {
      // An empty block has room everywhere and takes none; where no aligned offset is left, it lies at an earlier one.
      return offset <= capacity ? offset : alignDown(capacity, align);
    }
    // Compared without a sum, which for the largest sizes would be inexact.
    if (size > capacity - offset || !this.#grow(offset + size)) {
      return -1;
    }
    this.#used = offset + size;
    if (offset < this.#clearBelow) {
      this.#clear(offset, offset + size, this.#clearBelow);
    }
    return offset;
  }

  /** Makes `#buffer` reach to `end` and be attached. */
  #grow(end: number): boolean {
    if (!this.#region.grow(end)) {
      return false;
    }
    this.#buffer = this.#region.buffer;
    this.#limit = this.#buffer.byteLength;
    return true;
  }

  /** A block that has just been allocated. Not shared with other views, so that the constructor is inlined. */
  #view(offset: number, size: number): Buffer {
    try {
      return new BlockBuffer(this.#buffer, offset, size);
    } catch {
      return this.#viewAgain(BlockBuffer, offset, size);
    }
  }

  /** The same after somebody has taken the buffer away, or for an empty block, which may lie beyond it. */
  #viewAgain<T>(type: ViewConstructor<T>, offset: number, length: number): T {
    this.#grow(Math.min(Math.max(this.#used, offset, 1), this.#region.capacity));
    return new type(this.#buffer, offset, length);
  }

  /** Clears from `offset` to `end`, but nothing from `dirty` on. */
  #clear(offset: number, end: number, dirty: number): void {
    this.#view(offset, Math.min(end, dirty) - offset).fill(0);
  }

  /**
   * Makes a block `size` bytes long: in place where it is the last one or becomes shorter, else by moving its contents to
   * a new block. The old Buffer must not be used any more. `null` where there is no room; then the block is as it was.
   *
   * @param align For the case that it moves. Default: 8.
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this arena.
   */
  realloc(block: NodeJS.ArrayBufferView, size: number, align: number = ALIGN): Buffer | null {
    checkSize('size', size);
    checkAlign('align', align);
    this.#checkOwned(block);
    const { byteOffset: offset, byteLength: length } = block;
    if (length === 0) {
      return this.alloc(size, align);
    }
    const isLast = offset + length === this.#used;
    if (size <= length) {
      if (isLast) {
        this.goBack(offset + size);
      }
      return this.#view(offset, size);
    }
    if (!isLast) {
      const moved = this.alloc(size, align);
      moved?.set(new Uint8Array(block.buffer, offset, length));
      return moved;
    }
    if (this.allocOffset(size - length, 1) < 0) {
      return null;
    }
    return this.#view(offset, size);
  }

  /**
   * Gives a block back. Only the last one makes room; for an earlier one nothing happens.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this arena.
   */
  free(block: NodeJS.ArrayBufferView): void {
    this.#checkOwned(block);
    if (block.byteLength > 0 && block.byteOffset + block.byteLength === this.#used) {
      this.goBack(block.byteOffset);
    }
  }

  /** Whether the memory of `block` lies in what this arena has allocated and not taken back. */
  owns(block: NodeJS.ArrayBufferView): boolean {
    this.checkOpen();
    if (!ArrayBuffer.isView(block)) {
      throw invalidType('block', 'an instance of Buffer or of another view on an ArrayBuffer', block);
    }
    return (
      (block.buffer === this.#buffer || this.#region.holds(block.buffer)) &&
      (block.byteLength === 0 || block.byteOffset + block.byteLength <= this.#used)
    );
  }

  #checkOwned(block: NodeJS.ArrayBufferView): void {
    if (!this.owns(block)) {
      const { byteOffset, byteLength } = block;
      throw new OffheapError(
        'ERR_OFFHEAP_FOREIGN_BLOCK',
        `Expected a live block of this arena, which has ${this.#used} bytes in use. ` +
          `Received ${byteLength} bytes at offset ${byteOffset} ` +
          (this.#region.holds(block.buffer)
            ? 'of it'
            : 'of another ArrayBuffer, or of one from before it started over'),
      );
    }
  }

  /** Bytes, as given to the constructor. */
  get capacity(): number {
    this.checkOpen();
    return this.#region.capacity;
  }

  /** Bytes allocated, alignment included: the bump pointer. */
  get used(): number {
    this.checkOpen();
    return this.#used;
  }

  /** Bytes left. */
  get remaining(): number {
    this.checkOpen();
    return this.#region.capacity - this.#used;
  }

  /** The largest `used` ever reached, in bytes. Starting over does not lower it. */
  get highWaterMark(): number {
    this.checkOpen();
    return Math.max(this.#highWaterMark, this.#used);
  }

  /**
   * The memory as an ArrayBuffer, in which a block's `byteOffset` is its offset. Growth and starting over replace it by
   * another one, so read it anew rather than keep it.
   */
  get buffer(): ArrayBuffer {
    this.checkOpen();
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

  /** Gives up all from `offset` on. @internal */
  protected goBack(offset: number): void {
    const used = this.#used;
    if (used > this.#dirty) {
      this.#dirty = used;
      if (this.#zeroed) {
        this.#clearBelow = used;
      }
      if (used > this.#highWaterMark) {
        this.#highWaterMark = used;
      }
    }
    // A checkpoint may be above a block that was freed since.
    this.#used = Math.min(used, offset);
  }

  /** Starts over; `isZero` says whether all memory is known to be zero now. @internal */
  protected startOver(isZero: boolean): void {
    this.goBack(0);
    if (isZero) {
      this.setZeroFrom(0);
    }
    this.#buffer = this.#region.buffer;
    this.#limit = this.#buffer.byteLength;
  }

  /** Notes that memory from `offset` on has become zero, if it was not. @internal */
  protected setZeroFrom(offset: number): void {
    this.goBack(this.#used);
    this.#dirty = Math.min(this.#dirty, offset);
    this.#clearBelow = this.#zeroed ? this.#dirty : 0;
  }

  /** Refuses everything from now on. @internal */
  protected close(): void {
    this.#closed = true;
    this.#limit = -1;
    this.#used = 0;
    this.#buffer = this.#region.buffer;
    this.#views = null;
  }

  /** @internal */
  protected get isClosed(): boolean {
    return this.#closed;
  }

  /** @internal */
  protected checkOpen(): void {
    if (this.#closed) {
      throw new OffheapError('ERR_OFFHEAP_DISPOSED', `The ${this.constructor.name} has been disposed of`);
    }
  }
}
