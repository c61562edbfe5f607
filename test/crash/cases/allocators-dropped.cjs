// 100,000 FreeLists and as many scopes are dropped on arenas and on the heap, which give everything back
'use strict';

const assert = require('node:assert/strict');
const {
  Box,
  BumpArena,
  BumpArenaLazy,
  collectUntil,
  FreeList,
  heap,
  KiB,
  memoryUsage,
  MiB,
  run,
} = require('../support.cjs');
const { ScopedAllocator, turn, u32 } = require('../support.cjs');

const kept = [];

function drop(source, i) {
  const list = new FreeList(source, { blockSize: 16, count: 2, maxCount: 4 });
  const scoped = new ScopedAllocator(source, 64);
  const block = list.alloc(16).fill(i);
  list.lifetimeOf(block);
  Box.newIn(list, u32, i);
  Box.newIn(scoped, u32, i);
  scoped.scope((inner) => Box.newIn(inner, u32, i));
  if (i % 1000 === 0) {
    kept.push([block, i & 0xff]);
  }
}

/** A function of its own, so that nothing is left on the stack. */
async function dropAll() {
  const sources = [heap, new BumpArena(24 * MiB), new BumpArenaLazy(64 * MiB), new BumpArenaLazy(64 * MiB)];
  for (let i = 0; i < 100_000; i++) {
    const source = sources[i % sources.length];
    if (i % 40_000 === 39_999) {
      source.renew();
    }
    drop(source, i);
    if (i % 10_000 === 9999) {
      await turn();
    }
  }
  for (const source of [new BumpArenaLazy(MiB), new BumpArenaLazy(MiB)]) {
    for (let i = 0; i < 1000; i++) {
      drop(source, 1);
      source.reset();
    }
  }
}

run(async () => {
  gc();
  const before = process.memoryUsage();
  await dropAll();
  for (const [block, value] of kept) {
    assert.ok(block.every((byte) => byte === value || byte === 0));
  }
  kept.length = 0;
  await collectUntil('all memory is given back', () => memoryUsage().retired + memoryUsage().reserved === 0);
  const after = process.memoryUsage();
  assert.ok(
    after.heapUsed - before.heapUsed < 8 * MiB,
    `${after.heapUsed - before.heapUsed} bytes are left in the heap`,
  );
  assert.ok(after.arrayBuffers - before.arrayBuffers < 100 * KiB);
});
