/** What an arena holds, in bytes: `arena.stats`. */
export interface ArenaStats {
  /** Allocated and not given up, alignment included. Of a BumpAlloc, what all threads have allocated. */
  live: number;
  /** Usable, and not allocated now. It takes physical memory as far as it has been touched. */
  cached: number;
  /**
   * Addresses claimed for the capacity; of a BumpAlloc, none before the first allocation. `renew()` claims more for a while,
   * which `memoryUsage()` counts.
   */
  reserved: number;
  /**
   * Of these, usable. An arena over a plain ArrayBuffer has committed all of its capacity from the start. Of a BumpAlloc, what
   * this thread has made usable, or all threads have taken.
   */
  committed: number;
  /**
   * Physical memory held now, as the system says. Of a plain ArrayBuffer JavaScript cannot ask; then it is `committed`, which
   * is the most that it can be.
   */
  resident: number;
  /** The most that `live` has ever been. */
  highWaterMark: number;
}

/** What is known of a piece of memory, in bytes. */
interface Extent {
  readonly capacity: number;
  readonly committed: number;
  resident(): number;
}

/** The statistics of an arena that has its memory in these pieces. Asks the system about each of them. */
export function statsOf(extents: readonly Extent[], live: number, highWaterMark: number): ArenaStats {
  const sum = (bytesOf: (extent: Extent) => number): number =>
    extents.reduce((total, each) => total + bytesOf(each), 0);
  const committed = sum((extent) => extent.committed);
  return {
    live,
    cached: Math.max(0, committed - live),
    reserved: sum((extent) => Math.max(extent.capacity, extent.committed)), // commits are in whole pages
    committed,
    resident: sum((extent) => extent.resident()),
    highWaterMark,
  };
}
