// 200,000 renew() in one synchronous loop, with and without keeping views, exhaust nothing
'use strict';

const assert = require('node:assert/strict');
const { BumpArenaLazy, collectUntil, KiB, memoryUsage, MiB, run, touch } = require('../support.cjs');

const ROUNDS = 200_000;
const USED = 64 * KiB;

/** No finalizer runs in here. Answers the views that were kept. */
function renewAll(keepEvery, options) {
  const arena = new BumpArenaLazy(MiB);
  const kept = [];
  for (let i = 0; i < ROUNDS; i++) {
    const block = arena.alloc(USED);
    block[0] = i;
    block[USED - 1] = i;
    if (i % keepEvery === 0) {
      kept.push(block);
    }
    arena.renew(options);
  }
  arena.alloc(USED).fill(1);
  assert.equal(arena.used, USED);
  assert.ok(memoryUsage().resident < 64 * MiB, `${memoryUsage().resident} bytes resident`);
  return kept;
}

function checkStale(kept) {
  for (const [i, view] of kept.entries()) {
    assert.ok(view.length === 0 || (view[0] === 0 && view[USED - 1] === 0), 'a stale view reads zero');
    if (i % 100 === 0) {
      touch(view);
    }
  }
}

run(async () => {
  for (const [keepEvery, options] of [
    [Infinity, {}],
    [1, {}],
    [Infinity, { detach: true }],
  ]) {
    checkStale(renewAll(keepEvery, options));
    await collectUntil('retired falls back', () => memoryUsage().retired === 0);
  }
});
