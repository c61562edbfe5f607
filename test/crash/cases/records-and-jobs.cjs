// jobs run on bytes of records while the arena is reset, disposed of, or dropped, and garbage is collected
'use strict';

const { startJobs } = require('../jobs.cjs');
const {
  bytes,
  collectUntil,
  memoryUsage,
  MiB,
  run,
  sleep,
  struct,
  TypedArena,
  TypedArenaLazy,
} = require('../support.cjs');

const JOBS = ['gzip', 'brotliStream', 'read', 'write'];
const Block = struct({ data: bytes(MiB) });

const endings = {
  reset(arena) {
    for (let round = 0; round < 5; round++) {
      arena.reset();
      arena.alloc().data.fill(round);
    }
  },
  dispose: (arena) => arena.dispose(),
  resetAndDispose(arena) {
    arena.reset();
    arena.dispose();
  },
  drop: () => {},
};

/** A function of its own, so that nothing of the arena is left on the stack. */
async function startAndEnd(Arena, end, delay) {
  const arena = new Arena(Block, JOBS.length);
  const ended = await startJobs({ alloc: (size) => arena.alloc().data.subarray(0, size) }, JOBS);
  if (delay > 0) {
    await sleep(delay);
  }
  endings[end](arena);
  return ended;
}

run(async () => {
  for (const Arena of [TypedArenaLazy, TypedArena]) {
    for (const [i, end] of Object.keys(endings).entries()) {
      // Before the first job can have begun, or in the middle of them.
      for (const delay of end === 'reset' ? [0, 20] : [20 * (i % 2)]) {
        const ended = await startAndEnd(Arena, end, delay);
        gc();
        await ended();
      }
    }
  }
  await collectUntil('all memory is given back', () => memoryUsage().retired + memoryUsage().reserved === 0);
});
