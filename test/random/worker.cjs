// A worker of the random test: works with memory of its own, and of all threads, until it is terminated.
'use strict';

const { workerData } = require('node:worker_threads');

const offheap = require('../../dist');
const { Random } = require('./world.cjs');

const { handle, seed, routes } = workerData;
const random = new Random(seed);
if (routes) {
  require('../../dist/global').installGlobal();
}

function attempt(use) {
  try {
    return use();
  } catch (error) {
    if (error.code === 'ERR_OFFHEAP_OS') {
      return null;
    }
    throw error;
  }
}

for (;;) {
  const arena = attempt(() => new offheap.BumpArenaLazy(offheap.MiB));
  const shared = attempt(() => offheap.BumpAlloc.attach(handle));
  for (let i = 0; i < 30; i++) {
    attempt(() => arena?.alloc(random.size(50_000))?.fill(1));
    attempt(() => shared?.alloc(random.size(200))?.fill(2));
    Buffer.allocUnsafe(random.size(100_000)).fill(3);
    if (random.oneIn(10)) {
      attempt(() => arena?.[random.of(['reset', 'renew'])]());
    }
  }
  if (random.oneIn(2)) {
    arena?.dispose();
  }
  if (random.oneIn(300)) {
    break;
  }
}
