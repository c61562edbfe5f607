// renew() under running jobs, and garbage collection right after: the jobs finish, and leave the next rounds alone
'use strict';

const assert = require('node:assert/strict');
const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpArena, BumpArenaLazy, run, sleep } = require('../support.cjs');

run(async () => {
  for (const Arena of [BumpArenaLazy, BumpArena]) {
    for (const delay of [0, 20]) {
      const arena = new Arena(JOB_BYTES);
      const ended = await startJobs(arena);
      if (delay > 0) {
        await sleep(delay);
      }
      arena.renew();
      gc();
      const second = arena.alloc(JOB_BYTES).fill(0x22);
      arena.renew();
      gc();
      const third = arena.alloc(JOB_BYTES).fill(0x33);
      assert.equal(await ended(), 0);
      assert.ok(third.every((byte) => byte === 0x33));
      // What the second round was in reads zero; on an eager arena it is as it was.
      assert.ok(second.every((byte) => byte === (Arena === BumpArena ? 0x22 : 0)));
      arena.dispose();
    }
  }
});
