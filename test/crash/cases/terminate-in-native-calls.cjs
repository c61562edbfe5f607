// worker.terminate() strikes in the middle of native calls
'use strict';

const assert = require('node:assert/strict');
const { isMainThread, Worker, workerData } = require('node:worker_threads');
const { BumpArenaLazy, collect, GiB, MiB, memoryUsage, run, seededRandom, sleep } = require('../support.cjs');
const addon = require('../../../build/Release/offheap.node');

/** Does little else than to enter the addon, through it and directly. */
function callForever(kind) {
  for (;;) {
    if (kind === 0) {
      const arena = new BumpArenaLazy(GiB);
      arena.alloc(1);
      arena.renew();
      arena.alloc(1);
      arena.dispose();
      memoryUsage();
    } else {
      const reservation = addon.reserve(MiB, 0);
      for (let i = 0; i < 20; i++) {
        reservation.commit(MiB);
        reservation.expose(MiB);
        reservation.expose(4096);
        reservation.renew();
        reservation.discard(0, MiB);
      }
      reservation.resident();
      if (kind === 1) {
        reservation.dispose();
      }
    }
  }
}

async function main() {
  const random = seededRandom();
  for (let i = 0; i < 40; i++) {
    const workers = [0, 1].map((j) => new Worker(module.filename, { workerData: (i + j) % 3 }));
    await sleep(25 + random.below(40));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  await collect();
  assert.equal(memoryUsage().reserved, 0);
  const arena = new BumpArenaLazy(MiB);
  assert.equal(arena.alloc(MiB).fill(1)[MiB - 1], 1);
}

if (isMainThread) {
  run(main);
} else {
  callForever(workerData);
}
