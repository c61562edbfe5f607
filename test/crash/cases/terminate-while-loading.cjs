// workers are terminated while they load the addon
'use strict';

const { isMainThread, Worker } = require('node:worker_threads');
const { BumpArenaLazy, collect, KiB, run, seededRandom } = require('../support.cjs');

/** Loads the addon over and over, without what require() does besides, so that terminate() finds it at that. */
function loadForever() {
  const file = require.resolve('../../../build/Release/offheap.node');
  for (;;) {
    const loaded = { exports: {} };
    process.dlopen(loaded, file);
    loaded.exports.reserve(KiB, 0);
  }
}

async function main() {
  const random = seededRandom();
  for (let i = 0; i < 40; i++) {
    const workers = [0, 1].map(() => new Worker(module.filename));
    await new Promise((resolve) => setTimeout(resolve, 15 + random.below(30)));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  await collect();
  new BumpArenaLazy(KiB).alloc(1).fill(1);
}

if (isMainThread) {
  run(main);
} else {
  loadForever();
}
