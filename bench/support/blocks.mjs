// Where a program can have its Buffers from, while it keeps the last 1,024 of them.
import { MemPool } from '@thi.ng/malloc';
import { ownLoop } from './measure.mjs';

export const KEPT = 1024;

/**
 * Takes blocks. A sample is long enough to collect garbage in.
 *
 * @param {number} operations
 * @param {(oldest: Uint8Array | undefined) => Uint8Array} next Answers a block, and may give back the one that is kept no more.
 * @param {string} [use] What is done with each `block`.
 */
export function keep(operations, next, use = '') {
  const kept = new Array(KEPT).fill(undefined);
  const slot = `i & ${KEPT - 1}`;
  const body = `for (let i = 0; i < ${operations}; i++) { const block = next(kept[${slot}]); ${use} kept[${slot}] = block; }`;
  return { run: ownLoop({ next, kept }, body), operations };
}

/** Allocates from an arena that starts over when it is full. */
export function fromArena(arena, size) {
  return () => {
    const block = arena.alloc(size);
    if (block !== null) {
      return block;
    }
    arena.resetUnsafe();
    return arena.alloc(size);
  };
}

/** Releases the oldest Buffer for each new one. */
export function fromPool(pool, size) {
  return (oldest) => {
    if (oldest !== undefined) {
      pool.release(oldest);
    }
    return pool.acquire(size);
  };
}

/** Frees the oldest block for each new one. */
export function fromFreeList(list, size) {
  return (oldest) => {
    if (oldest !== undefined) {
      list.free(oldest);
    }
    return list.alloc(size);
  };
}

/** The same by hand: an array of Buffers that wait, each handed out again as it is. */
export function fromArrayOfBuffers(size) {
  const free = [];
  return (oldest) => {
    if (oldest !== undefined) {
      free.push(oldest);
    }
    return free.pop() ?? Buffer.allocUnsafeSlow(size);
  };
}

/** Gives the oldest block back for each new one. */
export function fromMemPool(capacity, size) {
  const pool = new MemPool({ buf: new ArrayBuffer(capacity) });
  return (oldest) => {
    if (oldest !== undefined) {
      pool.free(oldest);
    }
    return pool.mallocAs('u8', size);
  };
}
