// renew({ detach: true }) under running jobs, and garbage collection right after: the jobs finish or throw
'use strict';

const assert = require('node:assert/strict');
const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpArena, BumpArenaLazy, CAN_TRANSFER, run, sleep } = require('../support.cjs');

run(async () => {
  for (const Arena of [BumpArenaLazy, BumpArena]) {
    for (const delay of [0, 20]) {
      const arena = new Arena(JOB_BYTES);
      const ended = await startJobs(arena);
      if (delay > 0) {
        await sleep(delay);
      }
      arena.renew({ detach: true });
      gc();
      const next = arena.alloc(JOB_BYTES).fill(0x22);
      const thrown = await ended();
      assert.ok(thrown === 0 || CAN_TRANSFER, `${thrown} jobs threw where nothing can be detached`);
      assert.ok(next.every((byte) => byte === 0x22));
      arena.renew({ detach: true });
      arena.dispose();
    }
  }
});
