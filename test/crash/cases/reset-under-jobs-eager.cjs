// reset() under running brotli and randomFill jobs on an eager BumpArena, then dispose() and garbage collection
'use strict';

const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpArena, collect, run, sleep } = require('../support.cjs');

async function startAndReset(names, delay) {
  const arena = new BumpArena(JOB_BYTES);
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
      const ended = await startAndReset(names, delay);
      await collect();
      await ended();
    }
  }
});
