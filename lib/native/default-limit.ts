import { getHeapStatistics } from 'node:v8';

import { constrainedMemory } from '../container';
import { sizeFrom } from '../settings';
import { MiB } from '../sizes';

const VARIABLE = 'OFFHEAP_MEMORY_LIMIT';
/** What Node itself takes outside of its heap: code, stacks, the buffers of its streams. */
const RUNTIME = 64 * MiB;
/** Which part of what the process may have is ours at least, and at most. */
const LEAST = 1 / 4;
const MOST = 3 / 4;

/**
 * How much the process may commit where nobody says it, in bytes: what the environment says, or what a container's limit leaves
 * beside V8's heap at its largest; else Infinity.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for a size in the environment that is none.
 */
export function defaultMemoryLimit(): number {
  const most = sizeFrom(VARIABLE);
  if (most !== undefined) {
    return most;
  }
  const all = constrainedMemory();
  if (all === Infinity) {
    return Infinity;
  }
  const left = all - getHeapStatistics().heap_size_limit - RUNTIME;
  return Math.floor(Math.min(Math.max(left, all * LEAST), all * MOST));
}
