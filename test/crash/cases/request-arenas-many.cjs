// so many requests at a time that the system has no mappings left: arenas are refused, windows are not renewed, and all goes on
'use strict';

const assert = require('node:assert/strict');
const { ArenaPool, collectUntil, KiB, memoryUsage, run } = require('../support.cjs');

const WINDOW = 64 * KiB;

/** Holds arenas until there are no more. Each has used all of its window, once moved, twice. */
function acquireAll(pool) {
  const arenas = [];
  for (;;) {
    try {
      arenas.push(pool.acquire());
    } catch (error) {
      assert.equal(error.code, 'ERR_OFFHEAP_OS');
      return arenas;
    }
    const arena = arenas.at(-1);
    for (let i = 0; i < 4; i++) {
      arena.alloc(20 * KiB)?.fill(1);
      arena.renew();
    }
    assert.ok(arenas.length < 100_000);
  }
}

run(async () => {
  const pool = new ArenaPool({ capacity: WINDOW, window: WINDOW, maxCached: 10 });
  const arenas = acquireAll(pool);
  assert.ok(arenas.length > 1000, `only ${arenas.length}`);

  // Those that are there serve on, in what is left of their windows, and are full when that is used up.
  let full = 0;
  for (const arena of arenas.slice(0, 200)) {
    const blocks = [];
    for (let i = 0; i < 10; i++) {
      const block = arena.alloc(20 * KiB);
      if (block === null) {
        full++;
        break;
      }
      assert.ok(block.every((byte) => byte === 0));
      blocks.push(block.fill(2));
      assert.ok(blocks.every((each) => each.length === 0 || each.every((byte) => byte === 2)));
      arena.renew();
    }
  }
  console.error(`${arenas.length} arenas, ${full} of 200 full`);

  for (const arena of arenas) {
    pool.release(arena);
  }
  assert.equal(pool.stats.cachedArenas, 10);
  await collectUntil('most is unmapped', () => memoryUsage().retired < 10 * 2 ** 20);
  for (let i = 0; i < 100; i++) {
    const arena = pool.acquire();
    assert.ok(arena.alloc(WINDOW).every((byte) => byte === 0));
    pool.release(arena);
  }
  pool.dispose();
});
