// dispose() under running jobs, and garbage collection right after: the jobs finish
'use strict';

const assert = require('node:assert/strict');
const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpArena, BumpArenaLazy, collectUntil, memoryUsage, run, sleep } = require('../support.cjs');

/** A function of its own, so that nothing of the arena is left on the stack. */
async function startAndDispose(Arena, delay) {
  const arena = new Arena(JOB_BYTES);
  const ended = await startJobs(arena);
  if (delay > 0) {
    await sleep(delay);
  }
  arena.dispose();
  return ended;
}

run(async () => {
  for (const Arena of [BumpArenaLazy, BumpArena]) {
    // Before the first job can have begun, and in the middle of them.
    for (const delay of [0, 20]) {
      const ended = await startAndDispose(Arena, delay);
      gc();
      assert.equal(await ended(), 0);
    }
  }
  await collectUntil('all memory is given back', () => memoryUsage().retired === 0);
});
