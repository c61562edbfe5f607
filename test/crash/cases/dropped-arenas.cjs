// 5,000 lazy arenas of 4 GiB, dropped without dispose(), are given back
'use strict';

const assert = require('node:assert/strict');
const { BumpArenaLazy, GiB, KiB, collect, collectUntil, memoryUsage, run } = require('../support.cjs');

function use(i) {
  const arena = new BumpArenaLazy(4 * GiB);
  if (i % 5 !== 0) {
    arena.alloc(8 * KiB).fill(i);
  }
  if (i % 3 === 0) {
    arena.renew();
    arena.alloc(8 * KiB).fill(i);
  }
}

run(async () => {
  for (let i = 0; i < 5000; i++) {
    use(i);
    if (i % 250 === 0) {
      await collect(1);
    }
  }
  assert.ok(memoryUsage().reserved < 5000 * 4 * GiB, 'collections along the way have given nothing back');
  await collectUntil('all arenas are given back', () => memoryUsage().reserved + memoryUsage().retired === 0);
});
