import { inspect } from 'node:util';

import { markAsUncloneable } from '../arguments';
import { illegalConstructor, OffheapError } from '../errors';
import type { Init, StructClass } from '../layout/types';
import { BlockBuffer } from '../memory/buffer-view';
import { isDetached } from '../memory/detach';
import type { BlockLifetime, Lifetime } from '../memory/lifetime';
import { alignDown, alignUp, checkAlign, checkSize, DEFAULT_ALIGN, formatBytes, isAlign } from '../sizes';
import type { Allocator, BlockOwner } from './allocator';
import { type Bump, freeIn, placeIn, reallocIn } from './bump';
import { disposed, foreignBlock, memoryLost, type Range, rangeOf } from './checks';
import { Claims } from './claims';
import { checkNoPromise, checkScopeFunction } from './scope-function';
import { SharedBlock } from './shared-block';

// What a module imports is read anew, as a property of the other one, at every call; what it has itself is compiled in.
const ALIGN = DEFAULT_ALIGN;
const validAlign = isAlign;
const aligned = alignUp;

let bump: Bump<Scope>;
let newestLifetime: (scope: Scope) => Lifetime;

/**
 * A bump allocator that lasts as long as the function it was made for: what {@link ScopedAllocator.scope} calls its function
 * with. Scopes nest; while an inner one is open, the outer one throws `ERR_OFFHEAP_SCOPED`. Kept beyond its end, it throws
 * `ERR_OFFHEAP_DISPOSED`.
 *
 * Running out of room is answered with `null`, and changes nothing. Offsets are those in the source's ArrayBuffer, and so are
 * alignments, which are powers of two from 1 to 2^30 and 8 unless said otherwise.
 */
export class Scope implements BlockOwner {
  readonly #shared: SharedBlock;
  readonly #start: number;
  #used: number;
  /** How far allocations go; negative while they are refused, so that every one of them looks why. */
  #limit: number;
  /** Where the last record ends. */
  #floor = 0;
  #lifetime: Lifetime | null = null;
  #claims: Claims | null = null;
  #inner: Scope | null = null;
  #left = false;
  /** How many scopes it is in. */
  readonly #depth: number;

  /** @internal */
  constructor(shared: SharedBlock, start: number, depth: number) {
    if (!(shared instanceof SharedBlock)) {
      throw illegalConstructor('Scopes are made by scope(). Received new Scope()');
    }
    this.#shared = shared;
    this.#start = start;
    this.#used = start;
    this.#limit = shared.end;
    this.#depth = depth;
  }

  /** Allocates a block of exactly `size` bytes, or answers `null`. It shows whatever was there. */
  alloc(size: number, align: number = ALIGN): Buffer | null {
    const used = this.#used;
    const offset = this.#take(size, align);
    return offset < 0 ? null : this.#view(offset, size, used);
  }

  #take(size: number, align: number): number {
    if (
      Number.isSafeInteger(size) &&
      size > 0 &&
      typeof align === 'number' &&
      validAlign(align) &&
      !this.#shared.lifetime.ended
    ) {
      const offset = aligned(this.#used, align);
      const end = offset + size;
      if (end <= this.#limit) {
        this.#used = end;
        return offset;
      }
    }
    return this.#takeSlow(size, align);
  }

  #takeSlow(size: number, align: number): number {
    this.#checkUsable();
    checkSize('size', size);
    checkAlign('align', align);
    if (this.#shared.lifetime.ended) {
      throw memoryLost('ScopedAllocator');
    }
    if (size > 0) {
      return -1;
    }
    // An empty block has room everywhere; where no aligned offset is left, it lies at an earlier one.
    const offset = aligned(this.#used, align);
    return offset <= this.#limit ? offset : alignDown(this.#limit, align);
  }

  #view(offset: number, size: number, used: number): Buffer {
    try {
      return new BlockBuffer(this.#shared.buffer, offset, size);
    } catch {
      this.#used = used;
      this.#shared.refresh();
      const block = new BlockBuffer(this.#shared.buffer, offset, size);
      this.#used = offset + size;
      return block;
    }
  }

  /**
   * Allocates a record and answers a reference to it, or `null`. What `init` leaves out is zero. The reference is stale, and
   * throws, once the scope is left. Records of the same scope, and of outer ones, can be linked to.
   *
   * @param Struct A class made by `struct()`, or a subclass of one, without `text` fields.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a value that does not fit its field;
   * OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a link to a record of another allocator, or one that does not live as long.
   */
  place<T extends object>(Struct: StructClass<T>, init: Init<T> = {} as Init<T>): T | null {
    return placeIn(this as Scope, bump, newestLifetime, Struct, init);
  }

  /**
   * Makes a block `size` bytes long: in place where it is the last one or becomes shorter, else by moving its contents. The
   * old Buffer must not be used any more. `null` where there is no room; then the block is as it was.
   *
   * @param align For the case that it moves. Default: 8.
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this very scope.
   */
  realloc(block: NodeJS.ArrayBufferView, size: number, align: number = ALIGN): Buffer | null {
    this.#checkUsable();
    return reallocIn(this as Scope, bump, block, size, align);
  }

  /**
   * Gives a block back. Only the last one makes room; for an earlier one nothing happens.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this very scope.
   */
  free(block: NodeJS.ArrayBufferView): void {
    this.#checkUsable();
    freeIn(this as Scope, bump, block);
  }

  /** Whether the memory of `block` lies in what this very scope has allocated and not taken back. */
  owns(block: NodeJS.ArrayBufferView): boolean {
    const range = rangeOf(block);
    this.#checkOpen();
    return this.#ownsRange(range);
  }

  #ownsRange({ buffer, byteLength, byteOffset }: Range): boolean {
    return (
      this.#shared.holds(buffer) &&
      (byteLength === 0 ? !isDetached(buffer) : byteOffset >= this.#start && byteOffset + byteLength <= this.#used)
    );
  }

  /**
   * How long the memory of a block lasts: until it is freed, moves or becomes shorter, the scope is left, or the source gives
   * the memory up. From now on, the block can be freed only as a whole.
   */
  lifetimeOf(block: NodeJS.ArrayBufferView): BlockLifetime {
    const range = rangeOf(block);
    this.#checkOwned(range);
    const { byteLength, byteOffset } = range;
    const shared = this.#shared;
    this.#claims ??= new Claims();
    const make = (): Lifetime => shared.lifetime.branch(shared);
    return this.#claims.lifetimeOf(byteOffset, byteOffset + byteLength, make).token;
  }

  /** The lifetime of records that are placed now. */
  #newestLifetime(): Lifetime {
    const lifetime = this.#lifetime;
    if (lifetime !== null && !lifetime.ended) {
      return lifetime;
    }
    return (this.#lifetime = this.#shared.lifetime.branch(this.#shared, this.#depth));
  }

  /**
   * Calls `fn` with an allocator of its own over what is left, and gives up everything allocated from it when `fn` returns or
   * throws. Scopes nest.
   *
   * @returns What `fn` returned. A Buffer from inside the scope aliases what is allocated next; references are stale.
   * @throws OffheapError `ERR_OFFHEAP_ASYNC_SCOPE` for a function that returns a promise: an async function is refused
   * before it runs.
   */
  scope<R>(fn: (inner: Scope) => R): R {
    this.#checkUsable();
    checkScopeFunction(fn);
    const inner = new Scope(this.#shared, this.#used, this.#depth + 1);
    this.#inner = inner;
    this.#limit = -1;
    let result: R;
    try {
      result = fn(inner);
    } finally {
      inner.#leave();
      this.#inner = null;
      this.#limit = this.#shared.end;
    }
    checkNoPromise(result);
    return result;
  }

  #leave(): void {
    this.#left = true;
    this.#limit = -1;
    this.#lifetime?.end();
    this.#claims?.clear();
  }

  /** Whether an inner scope is open: then `alloc`, `realloc`, `free`, `place` and `scope` throw `ERR_OFFHEAP_SCOPED`. */
  get isScoped(): boolean {
    return this.#inner !== null;
  }

  /** Bytes that it can hand out in all. */
  get capacity(): number {
    this.#checkOpen();
    return this.#shared.end - this.#start;
  }

  /** Bytes allocated, alignment included, without those of inner scopes. */
  get used(): number {
    this.#checkOpen();
    return this.#used - this.#start;
  }

  /** Bytes left. */
  get remaining(): number {
    this.#checkOpen();
    return this.#shared.end - this.#used;
  }

  [inspect.custom](): string {
    const name = this.constructor.name;
    if (this.#left) {
      return `${name} { disposed }`;
    }
    const { capacity, isScoped, used } = this;
    return `${name} { used: ${formatBytes(used)}, capacity: ${formatBytes(capacity)}${isScoped ? ', scoped' : ''} }`;
  }

  /**
   * Frees the block. Idempotent.
   *
   * @internal
   */
  protected end(): void {
    if (this.#left) {
      return;
    }
    this.#checkUsable();
    this.#left = true; // before anything of the source's runs
    this.#limit = -1;
    try {
      this.#shared.giveBack();
    } catch (error) {
      this.#left = false;
      this.#limit = this.#shared.end;
      throw error;
    }
    this.#leave();
  }

  #checkOpen(): void {
    if (this.#left) {
      throw disposed(this.constructor.name);
    }
  }

  #checkUsable(): void {
    this.#checkOpen();
    if (this.#inner !== null) {
      throw new OffheapError(
        'ERR_OFFHEAP_SCOPED',
        'A scope of this allocator is open: use the allocator that its function was called with until it returns',
      );
    }
  }

  #checkOwned(range: Range): void {
    this.#checkOpen();
    if (!this.#ownsRange(range)) {
      throw foreignBlock(`this ${this.constructor.name}`, range);
    }
  }

  static {
    bump = {
      used: (scope) => scope.#used,
      goBack(scope, offset) {
        scope.#claims?.goBack(offset); // first, so that nothing is given up on which something rests
        scope.#used = Math.min(scope.#used, offset);
        scope.#floor = Math.min(scope.#floor, offset);
      },
      allocOffset: (scope, size, align) => scope.#take(size, align),
      view: (scope, offset, size, used) => scope.#view(offset, size, used),
      checkOwned(scope, range) {
        scope.#checkOwned(range);
      },
      claims: (scope) => scope.#claims,
      floor: (scope) => scope.#floor,
      setFloor(scope, offset) {
        scope.#floor = offset;
      },
    };
    newestLifetime = (scope) => scope.#newestLifetime();
  }
}

/**
 * A block of another allocator that is handed out from the front, in scopes that nest: leaving one gives up all that was
 * allocated in it. For temporary allocations in a loop.
 *
 * @example
 * ```js
 * import { heap, MiB, ScopedAllocator } from 'offheap';
 *
 * const allocator = new ScopedAllocator(heap, 1 * MiB);
 * allocator.scope((scratch) => {
 *   scratch.alloc(1000);
 *   console.log(scratch.used); // → 1000
 * });
 * console.log(allocator.used); // → 0
 * ```
 */
export class ScopedAllocator extends Scope {
  /**
   * @param source Gives the block, and gets it back by `dispose()`.
   * @param size Bytes of it.
   * @throws OffheapError `ERR_OFFHEAP_FULL` where the source has no such block.
   */
  constructor(source: Allocator, size: number) {
    const shared = new SharedBlock(source, size);
    super(shared, shared.start, 0);
    markAsUncloneable?.(this);
  }

  /**
   * Gives the block back to the source. Idempotent; everything else throws `ERR_OFFHEAP_DISPOSED` afterwards.
   *
   * @throws OffheapError `ERR_OFFHEAP_SCOPED` while a scope is open.
   */
  dispose(): void {
    this.end();
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
