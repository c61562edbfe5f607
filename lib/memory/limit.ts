import { invalidType, outOfRange } from '../errors';
import { loadAddon } from '../native/load';

/**
 * How much lazily committed memory the process may have, all threads together, in bytes; Infinity where there is no limit. By
 * default three quarters of `process.constrainedMemory()`, the limit of a container, and none where there is no container.
 *
 * @throws OffheapError `ERR_OFFHEAP_ADDON` where no addon loads.
 */
export function memoryLimit(): number {
  return loadAddon().memoryLimit();
}

/**
 * Sets how much lazily committed memory the process may have. What would be more is refused as if the system had refused it:
 * an arena is full and answers `null`, a pool does what `whenFull` says. What is there stays, also where that is more already.
 *
 * What counts is `memoryUsage().committed`: what may be touched without asking again. Memory in plain ArrayBuffers, such as a
 * BumpArena's, does not.
 *
 * @param bytes From 0; Infinity for no limit. Holds for all threads, from now on.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no number, RangeError `ERR_OUT_OF_RANGE` for one that is negative or NaN,
 * OffheapError `ERR_OFFHEAP_ADDON` where no addon loads.
 */
export function setMemoryLimit(bytes: number): void {
  if (typeof bytes !== 'number') {
    throw invalidType('bytes', 'of type number', bytes);
  }
  if (!(bytes >= 0)) {
    throw outOfRange('bytes', 'a number of bytes from 0, or Infinity', bytes);
  }
  loadAddon().setMemoryLimit(Math.floor(bytes));
}
