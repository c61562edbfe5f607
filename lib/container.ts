import { totalmem } from 'node:os';

/** How many bytes the process may have, where that is less than the machine has; else Infinity. */
export function constrainedMemory(): number {
  // 0, nothing, or far too much where there is no limit.
  const limit: unknown = (process as { constrainedMemory?: () => unknown }).constrainedMemory?.();
  return typeof limit === 'number' && limit > 0 && limit < totalmem() ? limit : Infinity;
}
