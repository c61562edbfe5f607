import { LazyRegion } from '../memory/lazy-region';
import { Kind } from '../native/contract';
import { BumpArena, type BumpArenaOptions } from './bump-arena';
import { pointers } from './bump-pointer';

const { checkOpen } = pointers;

/**
 * A bump allocator over reserved addresses, of which it commits as much as it needs: a capacity of many GiB costs
 * microseconds and no memory. Growth neither copies nor moves anything.
 *
 * Alignments up to the page size (4 KiB on most systems) hold for the address in memory, larger ones for the offset.
 *
 * Dropped without `dispose()`, its memory is given back once the garbage collector finds that no view is left.
 *
 * @example
 * ```js
 * import { BumpArenaLazy, GiB, KiB } from 'offheap';
 *
 * const arena = new BumpArenaLazy(4 * GiB); // addresses, and no memory yet
 * const block = arena.alloc(16 * KiB); // a Buffer, or null when the arena is full
 * block.write('first');
 * arena.reset(); // all of it at once; the memory stays warm
 * arena.dispose(); // the memory goes back to the system
 * ```
 */
export class BumpArenaLazy extends BumpArena {
  readonly #region: LazyRegion;

  /**
   * @param capacity Bytes reserved: from 0 to the runtime's limit for ArrayBuffers (4 GiB on Node 20).
   * @throws OffheapError `ERR_OFFHEAP_TOO_LARGE` above that limit; `ERR_OFFHEAP_OS` where the system has no addresses
   * left, or the process holds too many memory mappings; `ERR_OFFHEAP_ADDON` where there is no addon for this platform.
   */
  constructor(capacity: number, options?: BumpArenaOptions) {
    let region!: LazyRegion;
    super(capacity, options, (bytes) => (region = new LazyRegion(bytes, Kind.arena)));
    this.#region = region;
  }

  /** Bytes that have been made usable, in whole pages. Physical memory comes with the first touch. */
  get committed(): number {
    checkOpen(this);
    return this.#region.committed;
  }

  /** Bytes of physical memory behind `committed`. Asks the system: microseconds, and more with every GiB. */
  get resident(): number {
    checkOpen(this);
    return this.#region.resident();
  }
}
