// workers are terminated in the middle of using allocators, and blocks and allocators are posted to them
'use strict';

const assert = require('node:assert/strict');
const { isMainThread, parentPort, Worker } = require('node:worker_threads');
const {
  Box,
  Bucketizer,
  BumpArenaLazy,
  collect,
  collectUntil,
  FallbackAllocator,
  FreeList,
  heap,
  KiB,
  memoryUsage,
} = require('../support.cjs');
const {
  MiB,
  run,
  ScopedAllocator,
  seededRandom,
  Segregator,
  sleep,
  StatsAllocator,
  u32,
  Vec,
} = require('../support.cjs');

function useForever() {
  for (let i = 0; ; i++) {
    const arena = new BumpArenaLazy(64 * MiB);
    const list = new FreeList(arena, { blockSize: 4 * KiB, count: 16, maxCount: Infinity });
    const scoped = new ScopedAllocator(arena, MiB);
    const all = new StatsAllocator(
      new Segregator(4 * KiB, new FallbackAllocator(list, heap), new Bucketizer([8 * KiB, 64 * KiB], () => arena)),
    );
    const vec = Vec.newIn(all, u32);
    for (let j = 0; j < 2000; j++) {
      vec.push(j);
      const block = all.alloc((j * 31) % (40 * KiB));
      scoped.scope((inner) => inner.scope((deeper) => Box.newIn(deeper, u32, j).value++));
      if (block !== null && j % 3 > 0) {
        all.free(block);
      }
    }
    parentPort.postMessage(list.alloc(1).subarray(0, 10));
    if (i % 3 === 0) {
      arena.renew();
    } else if (i % 3 === 1) {
      scoped.dispose();
      list.dispose();
      arena.dispose();
    }
  }
}

/** What cannot be posted is refused, or arrives as an empty object; blocks arrive as copies. */
function post(worker, random) {
  const arena = new BumpArenaLazy(MiB);
  const list = new FreeList(arena, { blockSize: 64, count: 4 });
  const scoped = new ScopedAllocator(heap, 1000);
  const block = list.alloc(1).fill(1);
  const what = [list, scoped, new StatsAllocator(list), block, scoped.alloc(8), Box.newIn(list, u32, 1), heap, arena];
  for (const each of what) {
    try {
      worker.postMessage(each);
      worker.postMessage(each, [each.buffer]);
    } catch (error) {
      assert.ok(error.name === 'DataCloneError' || error instanceof TypeError, error.stack);
    }
  }
  try {
    assert.ok(
      list
        .alloc(1)
        .fill(2)
        .every((byte) => byte === 2),
    );
    scoped.alloc(8).fill(3);
  } catch (error) {
    assert.equal(error.code, 'ERR_OFFHEAP_STALE');
  }
  if (random.below(2) === 0) {
    arena.dispose();
  }
}

async function main() {
  const random = seededRandom();
  for (let i = 0; i < 30; i++) {
    const workers = [new Worker(module.filename), new Worker(module.filename)];
    const posted = [];
    workers.forEach((worker) => worker.on('message', (view) => posted.push(view)));
    await sleep(40 + random.below(60));
    workers.forEach((worker) => post(worker, random));
    await Promise.all(workers.map((worker) => worker.terminate()));
    posted.forEach((view) => view.fill(1));
    await collect(1);
  }
  await collectUntil('all that is no longer used is given back', () => memoryUsage().reserved === 0);
  const list = new FreeList(new BumpArenaLazy(MiB), { blockSize: 64 * KiB, count: 16 });
  assert.equal(list.alloc(1).fill(1)[64 * KiB - 1], 1);
}

if (isMainThread) {
  run(main);
} else {
  useForever();
}
