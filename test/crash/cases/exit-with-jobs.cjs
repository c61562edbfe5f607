// process.exit() with jobs in flight into arena memory
'use strict';

const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpArena, BumpArenaLazy, MARKER, run, sleep } = require('../support.cjs');

run(async () => {
  const arenas = [];
  for (const Arena of [BumpArenaLazy, BumpArena]) {
    for (const end of ['dispose', 'renew', 'reset', 'checkpoint']) {
      const arena = new Arena(JOB_BYTES);
      await startJobs(arena);
      arena[end]();
      arenas.push(arena);
    }
  }
  await sleep(20);
  gc();
  console.log(MARKER);
  process.exit(0);
});
