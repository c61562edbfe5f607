// a buffer that memory has moved on to is taken away and dropped, under jobs on those that had it before
'use strict';

const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpArenaLazy, collect, run } = require('../support.cjs');

async function dropIntoStream(block) {
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(block);
      controller.close();
    },
  });
  await stream.getReader().read();
}

async function startAndSteal(theft) {
  const arena = new BumpArenaLazy(JOB_BYTES);
  const ended = [];
  for (let round = 0; round < 3; round++) {
    ended.push(await startJobs(arena, ['brotli', 'randomFill']));
    // The memory moves on to another ArrayBuffer; a job keeps alive the one that it was started on, and nothing else.
    arena.reset();
    await collect();
  }
  await theft(arena.alloc(1000));
  await collect();
  arena.dispose();
  return ended;
}

run(async () => {
  const thefts = [dropIntoStream];
  if (typeof ArrayBuffer.prototype.transfer === 'function') {
    thefts.push(async (block) => block.buffer.transfer(0));
    thefts.push(async (block) => structuredClone(0, { transfer: [block.buffer.transfer()] }));
  }
  for (const theft of thefts) {
    const jobs = await startAndSteal(theft);
    await collect();
    for (const ended of jobs) {
      await ended();
    }
  }
});
