// 200,000 requests in one synchronous loop, with and without keeping views and arenas, exhaust nothing
'use strict';

const assert = require('node:assert/strict');
const { ArenaPool, collectUntil, KiB, memoryUsage, MiB, run, touch } = require('../support.cjs');

const ROUNDS = 200_000;

/** No finalizer runs in here. */
function serveAll(keepEvery, options) {
  const pool = new ArenaPool(options);
  const kept = [];
  for (let i = 0; i < ROUNDS; i++) {
    const arena = pool.acquire();
    const block = arena.alloc(5 * KiB);
    assert.equal(block[0], 0);
    block[0] = 1;
    if (i % keepEvery === 0) {
      kept.push(block, arena);
    }
    pool.release(arena, { aborted: i % 10 === 0 });
  }
  assert.ok(pool.stats.committed <= 2 * MiB, `${pool.stats.committed} bytes committed`);
  assert.ok(memoryUsage().resident < 64 * MiB, `${memoryUsage().resident} bytes resident`);
  pool.dispose();
  return kept;
}

run(async () => {
  for (const [keepEvery, options] of [
    [Infinity, {}],
    [4, {}],
    [Infinity, { giveBack: 'renew' }],
    [Infinity, { giveBack: 'reset' }],
  ]) {
    for (const kept of serveAll(keepEvery, options)) {
      if (kept instanceof Uint8Array) {
        assert.ok(kept.length === 0 || kept[0] <= 1);
        touch(kept);
      } else {
        assert.throws(() => kept.alloc(1), { code: 'ERR_OFFHEAP_DISPOSED' });
      }
    }
    await collectUntil('retired falls back', () => memoryUsage().retired === 0);
  }
});
