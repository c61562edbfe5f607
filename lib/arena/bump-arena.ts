import { inspect } from 'node:util';

import type { BlockOwner } from '../allocator/allocator';
import { placeIn } from '../allocator/bump';
import { rangeOf } from '../allocator/checks';
import { checkNoPromise, checkScopeFunction } from '../allocator/scope-function';
import { invalidType, OffheapError } from '../errors';
import type { Init, StructClass } from '../layout/types';
import { isDetached } from '../memory/detach';
import { type BlockLifetime, Lifetime, type Owner } from '../memory/lifetime';
import { EagerRegion, type Region } from '../memory/region';
import { checkSize, formatSizes } from '../sizes';
import { BumpPointer, pointers } from './bump-pointer';
import { Checkpoint, CheckpointStack, type Frame } from './checkpoint';
import { checkBoolean, checkOptions, markAsUncloneable } from '../arguments';
import { Pin } from './pin';
import { type ArenaStats, statsOf } from './stats';

const {
  checkOpen,
  checkOwned,
  claims,
  close,
  floor: floorOf,
  goBack,
  isClosed,
  makeClaims,
  setFloor,
  setZeroFrom,
  startOver,
  used: usedOf,
} = pointers;

/** What a record in an arena holds that is placed now. */
export let newestLifetime: (arena: BumpArena) => Lifetime;

/** Calls `fn` once the arena has no pin: now, or when the last one is released. Only the latest `fn` is called. */
export let whenUnpinned: (arena: BumpArena, fn: () => void) => void;

/** What the blocks of an arena show. */
export interface BumpArenaOptions {
  /**
   * Every block is zeroed, as if `alloc` were `allocZeroed`. Costs nothing for memory that was never used.
   * Default: false; then a block shows whatever was there, as with `Buffer.allocUnsafe`.
   */
  zeroed?: boolean;
}

/** What `renew()` makes of stale views. */
export interface RenewOptions {
  /**
   * Detach the buffers of the round that ends, so that stale views have length 0 and the memory is accounted for no
   * more, whatever the heap. Default: false; then stale views stay valid, over memory that nobody else gets.
   * Ignored on Node 20, which cannot detach safely.
   */
  detach?: boolean;
}

/**
 * A bump allocator over one fixed ArrayBuffer: every allocation is an add and a compare, and all memory is given up
 * at once, by starting over.
 *
 * Offsets and sizes are bytes. An alignment is a power of two from 1 to 2^30, 8 unless said otherwise, and holds for the
 * offset in `buffer`. Running out of room is answered with `null` or `-1`, and changes nothing.
 *
 * Every method throws a TypeError `ERR_INVALID_ARG_TYPE` or a RangeError `ERR_OUT_OF_RANGE` for a wrong argument, and
 * an OffheapError `ERR_OFFHEAP_DISPOSED` after `dispose()`.
 *
 * @example
 * ```js
 * import { BumpArena, MiB } from 'offheap';
 *
 * const arena = new BumpArena(1 * MiB);
 * const block = arena.alloc(100);
 * console.log(block.length, arena.used); // → 100 100
 * arena.reset();
 * console.log(arena.used); // → 0
 * ```
 */
export class BumpArena extends BumpPointer implements BlockOwner {
  readonly #region: Region;
  readonly #checkpoints = new CheckpointStack();
  readonly #owner: Owner = {
    stride: 1,
    definition: null,
    currentViews: (seen) => (!this.#region.keepsContents && isDetached(seen) ? null : this.views),
    holds: (buffer) => this.#region.holds(buffer),
  };
  #pins = 0;
  #whenUnpinned: (() => void) | null = null;

  /**
   * @param capacity Bytes, all of them allocated now: from 0 to the runtime's limit for ArrayBuffers (4 GiB on Node 20).
   * @throws OffheapError `ERR_OFFHEAP_TOO_LARGE` above that limit, `ERR_OFFHEAP_OS` where there is no memory.
   */
  constructor(capacity: number, options?: BumpArenaOptions);
  /** @internal */
  constructor(capacity: number, options: BumpArenaOptions | undefined, makeRegion: (capacity: number) => Region);
  constructor(
    capacity: number,
    options: BumpArenaOptions = {},
    makeRegion: (capacity: number) => Region = (bytes) => new EagerRegion(bytes),
  ) {
    checkSize('capacity', capacity);
    const { zeroed = false } = checkOptions(options);
    checkBoolean('options.zeroed', zeroed);
    const region = makeRegion(capacity);
    super(region, zeroed);
    this.#region = region;
    markAsUncloneable?.(this);
  }

  [inspect.custom](): string {
    const name = this.constructor.name;
    if (isClosed(this)) {
      return `${name} { disposed }`;
    }
    const { used, capacity, highWaterMark } = this;
    const sizes = formatSizes({ used, capacity, highWaterMark, ...this.#region.describe() });
    return `${name} { ${sizes}${this.#pins > 0 ? `, pins: ${this.#pins}` : ''} }`;
  }

  /** What it holds, in bytes. Asks the system: microseconds, and more with every GiB. */
  get stats(): ArenaStats {
    const { used, highWaterMark } = this;
    return statsOf([this.#region], used, highWaterMark);
  }

  // --- Records ----------------------------------------------------------------------------------------------------

  /**
   * Allocates a record and answers a reference to it, or `null`. What `init` leaves out is zero. The reference is stale,
   * and throws, as soon as the arena has gone back to before it. Records of several structs can lie in one arena and link
   * to each other.
   *
   * @param Struct A class made by `struct()`, or a subclass of one, without `text` fields.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a value that does not fit its field;
   * OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for a link to a record that is not this arena's, or does not live as long.
   */
  place<T extends object>(Struct: StructClass<T>, init: Init<T> = {} as Init<T>): T | null {
    return placeIn(this, pointers, newestLifetime, Struct, init);
  }

  /**
   * How long the memory of a block lasts: until it is freed, moves or becomes shorter, the arena starts over, or goes back to
   * before its end.
   * From now on, the block can be freed only as a whole.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for memory that is not a live block of this arena.
   */
  lifetimeOf(block: NodeJS.ArrayBufferView): BlockLifetime {
    const range = rangeOf(block);
    checkOwned(this, range);
    const { byteLength, byteOffset } = range;
    const make = (): Lifetime => new Lifetime(this.#owner, this.views, { depth: Infinity });
    const find = (): Lifetime => makeClaims(this).lifetimeOf(byteOffset, byteOffset + byteLength, make);
    const lifetime = find();
    return (this.#isCurrent(lifetime) ? lifetime : find()).token;
  }

  /** The lifetime of records that are placed now. */
  #lifetime(): Lifetime {
    const frame = this.#checkpoints.top;
    const { lifetime } = frame;
    return lifetime !== null && this.#isCurrent(lifetime)
      ? lifetime
      : (frame.lifetime = new Lifetime(this.#owner, this.views, { depth: frame.depth }));
  }

  /** Lets a lifetime see all of the memory; false where somebody has taken away what it has seen. */
  #isCurrent(lifetime: Lifetime): boolean {
    const { views } = this;
    if (lifetime.ended || lifetime.buffer === views.buffer) {
      return !lifetime.ended;
    }
    if (!this.#region.keepsContents && isDetached(lifetime.buffer)) {
      lifetime.end();
      return false;
    }
    lifetime.see(views);
    return true;
  }

  static {
    newestLifetime = (arena) => arena.#lifetime();
    whenUnpinned = (arena, fn) => {
      if (arena.#pins === 0) {
        fn();
      } else {
        arena.#whenUnpinned = fn;
      }
    };
  }

  // --- Going back -------------------------------------------------------------------------------------------------

  /** Saves the bump pointer, for `rewind`. Checkpoints nest. */
  checkpoint(): Checkpoint {
    checkOpen(this);
    return this.#checkpoints.take(usedOf(this), floorOf(this));
  }

  /**
   * Gives up everything allocated since `checkpoint`. Typed references made since then are stale; Buffers alias what is
   * allocated next. Checkpoints taken since then are stale; this one can be rewound to again.
   *
   * @throws OffheapError `ERR_OFFHEAP_STALE` for a checkpoint of another arena, one that was passed over by going back
   * further, or one from before the arena started over; `ERR_OFFHEAP_PINNED` while a pin lives.
   */
  rewind(checkpoint: Checkpoint): void {
    checkOpen(this);
    if (!(checkpoint instanceof Checkpoint)) {
      throw invalidType('checkpoint', 'an instance of Checkpoint', checkpoint);
    }
    this.#checkpoints.check(checkpoint);
    this.#checkUnpinned('rewind');
    this.#goBackTo(this.#checkpoints.rewind(checkpoint));
  }

  /**
   * Calls `fn` with this arena and gives up everything allocated meanwhile when it returns or throws. Scopes nest.
   *
   * @returns What `fn` returned. A Buffer from inside the scope aliases what is allocated next.
   * @throws OffheapError `ERR_OFFHEAP_ASYNC_SCOPE` for a function that returns a promise: an async function is refused
   * before it runs. `ERR_OFFHEAP_PINNED` while a pin lives, and where a pin of `fn` outlives it: then what it allocated
   * stays.
   */
  scope<R>(fn: (arena: this) => R): R {
    checkOpen(this);
    checkScopeFunction(fn);
    this.#checkUnpinned('open a scope');
    const frame = this.#checkpoints.enter(usedOf(this), floorOf(this));
    let result: R;
    try {
      result = fn(this);
    } catch (error) {
      // What went wrong inside matters more than a pin that is left.
      if (this.#pins === 0) {
        this.#leave(frame);
      }
      throw error;
    }
    this.#checkUnpinned('leave the scope');
    this.#leave(frame);
    checkNoPromise(result);
    return result;
  }

  /** Does nothing where the scope has started its arena over, or disposed of it. */
  #leave(frame: Frame): void {
    if (this.#checkpoints.leave(frame)) {
      this.#goBackTo(frame);
    }
  }

  #goBackTo({ offset, floor }: Frame): void {
    goBack(this, offset);
    setFloor(this, Math.min(floor, usedOf(this)));
  }

  // --- Starting over ----------------------------------------------------------------------------------------------

  /**
   * Starts over at offset 0 and keeps the memory. Stale views have length 0 (on Node 20 this is `renew()`), stale
   * references and checkpoints throw.
   *
   * A job that still runs on the old memory (fs, crypto, zlib, a socket) overwrites new data, or sends it out: await it,
   * or hold a `pin()`.
   *
   * @throws OffheapError `ERR_OFFHEAP_PINNED` while a pin lives; `ERR_OFFHEAP_OS` where other memory is needed, because
   * the buffer was taken away or on Node 20, and there is none. Then the arena is as it was.
   */
  reset(): void {
    checkOpen(this);
    this.#checkUnpinned('reset');
    const isZero = this.#region.reset(usedOf(this));
    this.#checkpoints.clear();
    startOver(this, isZero);
  }

  /**
   * Starts over at offset 0 on other memory, which is warm where the system can move pages (Linux). Stale views stay
   * valid, over memory that nobody else gets, and jobs still running there finish without harm; they read zero, or on
   * a BumpArena their own bytes. Stale references and checkpoints throw.
   *
   * A BumpArenaLazy of which only a small part is used for a while gives the rest back to the system.
   *
   * @throws OffheapError `ERR_OFFHEAP_PINNED` while a pin lives, `ERR_OFFHEAP_OS` where there is no other memory. Then the
   * arena is as it was.
   */
  renew(options: RenewOptions = {}): void {
    checkOpen(this);
    const { detach = false } = checkOptions(options);
    checkBoolean('options.detach', detach);
    this.#checkUnpinned('renew');
    const isZero = this.#region.renew(usedOf(this), detach);
    this.#checkpoints.clear();
    startOver(this, isZero);
  }

  /**
   * Starts over at offset 0 by one store. Stale views alias what is allocated next; stale references and checkpoints
   * throw.
   *
   * @throws OffheapError `ERR_OFFHEAP_PINNED` while a pin lives.
   */
  resetUnsafe(): void {
    checkOpen(this);
    this.#checkUnpinned('reset');
    claims(this)?.clear();
    this.#checkpoints.clear();
    goBack(this, 0);
  }

  /**
   * Gives physical memory above `used` back to the system. A BumpArena has no means to; a BumpArenaLazy does it in whole
   * pages.
   *
   * @throws OffheapError `ERR_OFFHEAP_PINNED` while a pin lives.
   */
  trim(): void {
    checkOpen(this);
    this.#checkUnpinned('trim');
    setZeroFrom(this, this.#region.discard(usedOf(this)));
  }

  /** Forbids `reset`, `renew`, `resetUnsafe`, `rewind`, `trim` and `dispose` until the pin is released. */
  pin(): Pin {
    checkOpen(this);
    this.#pins++;
    return new Pin(() => {
      this.#pins--;
      if (this.#pins === 0) {
        const fn = this.#whenUnpinned;
        this.#whenUnpinned = null;
        fn?.();
      }
    });
  }

  /**
   * Gives the memory back. Idempotent; everything else throws `ERR_OFFHEAP_DISPOSED` afterwards. Views that are left stay
   * valid, and read zero on a BumpArenaLazy; jobs that run on them finish.
   *
   * @throws OffheapError `ERR_OFFHEAP_PINNED` while a pin lives.
   */
  dispose(): void {
    if (isClosed(this)) {
      return;
    }
    this.#checkUnpinned('dispose');
    this.#checkpoints.clear();
    this.#region.dispose();
    close(this);
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkUnpinned(action: string): void {
    if (this.#pins > 0) {
      throw new OffheapError(
        'ERR_OFFHEAP_PINNED',
        `Cannot ${action}: ${this.#pins === 1 ? 'a pin says' : `${this.#pins} pins say`} that the memory is in use`,
      );
    }
  }
}
