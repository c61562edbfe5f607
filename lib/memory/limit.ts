import { invalidType, outOfRange } from '../errors';
import { loadAddon, loadIfPossible } from '../native/load';
import { alignUp, formatBytes } from '../sizes';

/**
 * Sets how much memory the whole process may commit through this package, all threads and all kinds together. Beyond it, a
 * commit is refused as if the system had refused it: an arena is full, and answers `null`, and a pool is full, too.
 *
 * Counted is what `memoryUsage().charged` says: what is usable, whether it has been touched or not. Plain ArrayBuffers, such
 * as a BumpArena's, are V8's and not counted. A limit below what is in use takes nothing away; more is committed once enough has
 * been given back.
 *
 * The default is what the environment variable `OFFHEAP_MEMORY_LIMIT` says (`512m`, `4g`, or bytes). Without it, in a
 * container: its limit, less V8's heap at its largest and 64 MiB, but from a quarter to three quarters of it. Else Infinity.
 *
 * @param bytes A whole number from 0, or Infinity for no limit.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for anything else; OffheapError `ERR_OFFHEAP_ADDON`
 * where there is no addon for this platform.
 */
export function setMemoryLimit(bytes: number): void {
  if (typeof (bytes as unknown) !== 'number') {
    throw invalidType('bytes', 'of type number', bytes);
  }
  if (!(Number.isSafeInteger(bytes) && bytes >= 0) && bytes !== Infinity) {
    throw outOfRange('bytes', `an integer >= 0 && <= ${Number.MAX_SAFE_INTEGER}, or Infinity`, bytes);
  }
  loadAddon().setLimit(bytes, false);
}

/** How much memory the whole process may commit, in bytes; Infinity where there is no limit. See `setMemoryLimit`. */
export function memoryLimit(): number {
  return chargedAndLimit()[1];
}

/** What counts against the limit, and the limit, in bytes. */
export function chargedAndLimit(): [charged: number, limit: number] {
  return loadIfPossible()?.charged() ?? [0, Infinity];
}

/** Why so many bytes were not committed, for a message: the limit, or else the system. */
export function whyRefused(bytes: number): string {
  const addon = loadIfPossible();
  const [charged, limit] = addon?.charged() ?? [0, Infinity];
  // No less than a page is committed at a time.
  return addon !== null && charged + alignUp(bytes, addon.system.pageSize) > limit
    ? `the memory limit of ${formatBytes(limit)}, of which ${formatBytes(charged)} are taken, has no room`
    : 'the system has no memory';
}
