// reset() under running brotli and randomFill jobs on both arenas, then dispose() and garbage collection
'use strict';

const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpArena, BumpArenaLazy, collect, run, sleep } = require('../support.cjs');

async function startAndReset(Arena, names, delay) {
  const arena = new Arena(JOB_BYTES);
  const ended = await startJobs(arena, names);
  if (delay > 0) {
    await sleep(delay);
  }
  // The memory has moved to another ArrayBuffer, which nothing but the job on the old one needs any more.
  arena.reset();
  await collect();
  arena.alloc(64).fill(1);
  arena.reset();
  arena.dispose();
  return ended;
}

run(async () => {
  for (const names of [['brotli'], ['brotliStream'], ['randomFill'], ['brotli', 'randomFill'], undefined]) {
    for (const delay of [0, 5]) {
      for (const Arena of [BumpArena, BumpArenaLazy]) {
        const ended = await startAndReset(Arena, names, delay);
        await collect();
        await ended();
      }
    }
  }
});
