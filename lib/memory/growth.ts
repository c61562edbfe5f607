import { OffheapError, OffheapSystemError } from '../errors';
import { type Addon, type NativeMemory, NO_EXTERNAL_BUFFERS } from '../native/contract';
import { alignUp, formatBytes, KiB } from '../sizes';

/** The first commit, and the least of every exposure. One page at a time costs twice as much a page. */
export const STEP = 64 * KiB;

/**
 * Commits at least `end` bytes of what is reserved: twice what there is, or as much as the system allows of that.
 *
 * @param step What commits are a multiple of, in bytes.
 * @returns How much is committed now; no more than before where the system refuses.
 */
export function commitMore(
  addon: Addon,
  memory: NativeMemory,
  { committed, capacity, end, step }: { committed: number; capacity: number; end: number; step: number },
): number {
  const { pageSize, hugePageSize } = addon.system;
  const wanted = Math.max(end, 2 * committed);
  const unit = hugePageSize !== 0 && wanted > hugePageSize ? hugePageSize : STEP;
  const steps = Math.ceil(wanted / step) * step;
  let target = Math.min(alignUp(steps, unit), capacity);
  while (memory.commit(target) !== 0) {
    if (target === end) {
      return committed;
    }
    target = Math.max(end, committed + Math.floor((target - committed) / 2));
  }
  return alignUp(target, pageSize);
}

/**
 * What the addon has answered that was to expose `size` bytes.
 *
 * @throws OffheapError where the runtime refuses external ArrayBuffers, or this one.
 */
export function checkExposed(buffer: ArrayBuffer | number, size: number): ArrayBuffer {
  if (typeof buffer !== 'number') {
    return buffer;
  }
  if (buffer === NO_EXTERNAL_BUFFERS) {
    throw new OffheapError(
      'ERR_OFFHEAP_EXTERNAL_BUFFERS',
      'This runtime refuses ArrayBuffers over memory that is not its own (Electron has since version 21). ' +
        'BumpArena, over a plain ArrayBuffer, works here',
    );
  }
  throw new OffheapSystemError(Math.abs(buffer), 'expose', `no ArrayBuffer over ${formatBytes(size)} could be made`);
}

/** The error for addresses that the system has refused. */
export function noRoom(addon: Addon, errno: number, syscall: string, capacity: number): OffheapSystemError {
  const mappings = addon.mappings();
  // The last few are left for what is about to be asked for.
  const scarce = mappings > addon.system.maxMappings - 4;
  const reason = scarce ? `: offheap holds ${mappings} memory mappings, half of what the system allows a process` : '';
  return new OffheapSystemError(errno, syscall, `no room for ${formatBytes(capacity)}${reason}`);
}
