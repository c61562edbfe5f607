// jobs that requests have forgotten run on while their arenas come back in every way, and later requests are left alone
'use strict';

const assert = require('node:assert/strict');
const { startJobs } = require('../jobs.cjs');
const { ArenaPool, CAN_TRANSFER, collect, MiB, run, sleep } = require('../support.cjs');

/** Requests that fill what they get, one after the other, as long as jobs are running. */
async function laterRequests(pool, state) {
  while (state.running) {
    const arena = pool.acquire();
    const blocks = [1, 2, 3].map(() => arena.alloc(2 * MiB).fill(0x22));
    await sleep(1);
    assert.ok(blocks.every((block) => block.every((byte) => byte === 0x22)));
    pool.release(arena);
    await collect(1);
  }
}

const ENDINGS = [
  { giveBack: 'auto', aborted: false, delay: 0 },
  { giveBack: 'auto', aborted: false, delay: 20 },
  { giveBack: 'auto', aborted: true, delay: 20 },
  { giveBack: 'renew', aborted: false, delay: 0 },
  { giveBack: 'detach', aborted: true, delay: 20 },
];

run(async () => {
  for (const { giveBack, aborted, delay } of ENDINGS) {
    const pool = new ArenaPool({ giveBack, window: 4 * MiB });
    const arena = pool.acquire();
    const ended = await startJobs(arena);
    await sleep(delay);
    pool.release(arena, { aborted });
    const state = { running: true };
    const later = laterRequests(pool, state);
    const left = await ended();
    state.running = false;
    await later;
    const detaches = CAN_TRANSFER && (giveBack === 'detach' || (giveBack === 'auto' && !aborted));
    assert.ok(detaches || left === 0, `${left} jobs have failed, with ${giveBack}, aborted: ${aborted}`);
    pool.dispose();
    await collect();
  }
});
