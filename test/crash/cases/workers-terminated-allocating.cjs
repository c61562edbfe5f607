// workers are terminated in the middle of allocating
'use strict';

const assert = require('node:assert/strict');
const { isMainThread, Worker } = require('node:worker_threads');
const { BumpArenaLazy, KiB, MiB, collect, memoryUsage, run, seededRandom, sleep } = require('../support.cjs');

function allocateForever() {
  for (let i = 0; ; i++) {
    const arena = new BumpArenaLazy(64 * MiB);
    for (let j = 0; j < 50; j++) {
      arena.alloc(((i * 31 + j * 17) % 60) * KiB)?.fill(j);
      if (j % 20 === 19) {
        arena.reset();
      }
    }
    if (i % 2 === 0) {
      arena.dispose();
    }
  }
}

async function main() {
  const random = seededRandom();
  for (let i = 0; i < 30; i++) {
    const workers = [new Worker(module.filename), new Worker(module.filename)];
    await sleep(30 + random.below(60));
    await Promise.all(workers.map((worker) => worker.terminate()));
    await collect(1);
  }
  const { reserved, resident } = memoryUsage();
  assert.equal(reserved, 0);
  // What a worker's last collection has found dead, and not yet freed, cannot be told from what was moved elsewhere.
  assert.ok(resident < 60 * 16 * MiB, `${resident} bytes are left resident`);
  const arena = new BumpArenaLazy(MiB);
  assert.equal(arena.alloc(MiB).fill(1)[MiB - 1], 1);
}

if (isMainThread) {
  run(main);
} else {
  allocateForever();
}
