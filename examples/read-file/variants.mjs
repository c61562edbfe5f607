// Three ways to get the blocks that a file is read into.
import { BumpArenaLazy, GiB } from 'offheap';

export const BLOCKS_PER_BATCH = 16;

/** By name: given a block size, how to allocate, and what to do before each batch and each pass over the file. */
export const variants = {
  // Every block is memory of its own, and garbage when the batch is done.
  'Buffer.allocUnsafe': (blockSize) => ({
    alloc: () => Buffer.allocUnsafe(blockSize),
  }),

  // Room for one batch, and every batch uses it again. Nothing still runs on the blocks when reset() is called, since
  // all reads have been awaited.
  'arena, reset() per batch': (blockSize) => {
    const arena = new BumpArenaLazy(BLOCKS_PER_BATCH * blockSize);
    return {
      alloc: () => arena.alloc(blockSize),
      beforeBatch: () => arena.reset(),
    };
  },

  // Addresses for 4 GiB, of which the file takes as many as it needs; nobody has to know its size beforehand. The blocks
  // lie one after the other, so in the end the file is there in one piece, and nothing was copied for that.
  'arena, whole file kept': (blockSize) => {
    const arena = new BumpArenaLazy(4 * GiB);
    return {
      alloc: () => arena.alloc(blockSize),
      beforePass: () => arena.reset(),
      wholeFile: (size) => arena.views.u8.subarray(0, size),
    };
  },
};
