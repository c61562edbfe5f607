import { Kind } from '../native/contract';
import { loadIfPossible } from '../native/load';
import { chargedAndLimit } from './limit';

/** Memory in lazily committed ranges, in bytes. */
export interface MemoryUse {
  /** Addresses claimed by what is live. */
  reserved: number;
  /** Of these, usable. */
  committed: number;
  /** Physical memory held, that of retired ranges included. */
  resident: number;
  /** Addresses that were renewed or disposed of, and wait for the garbage collector to find their last view dead. */
  retired: number;
}

/** The memory of the whole process, in bytes. */
export interface MemoryUsage extends MemoryUse {
  /** The same by what it serves. */
  kinds: Record<'arena' | 'typedArena' | 'bumpAlloc' | 'pool', MemoryUse>;
  /**
   * What counts against `limit`: all that is committed, and the contents of Buffers that have outlived an arena nobody
   * disposed of.
   */
  charged: number;
  /** See `setMemoryLimit`; Infinity for none. */
  limit: number;
}

/**
 * What the whole process holds in lazily committed memory, all threads together. Memory in plain ArrayBuffers, such as a
 * BumpArena's, is in `process.memoryUsage().arrayBuffers`.
 *
 * Loads the addon, where it loads. Asks the system about every page in use: microseconds, and more with every GiB.
 */
export function memoryUsage(): MemoryUsage {
  const addon = loadIfPossible();
  const total: MemoryUse = { reserved: 0, committed: 0, resident: 0, retired: 0 };
  const kinds = {} as Record<keyof typeof Kind, MemoryUse>;
  for (const name of Object.keys(Kind) as (keyof typeof Kind)[]) {
    const [reserved, committed, resident, retired] = addon?.usage(Kind[name]) ?? [0, 0, 0, 0];
    kinds[name] = { reserved, committed, resident, retired };
    total.reserved += reserved;
    total.committed += committed;
    total.resident += resident;
    total.retired += retired;
  }
  const [charged, limit] = chargedAndLimit();
  return { ...total, kinds, charged, limit };
}
