// 300 rounds of renew() over 200 arenas exhaust nothing
'use strict';

const assert = require('node:assert/strict');
const { BumpArenaLazy, collectUntil, KiB, memoryUsage, MiB, run } = require('../support.cjs');

function renewAll() {
  const arenas = Array.from({ length: 200 }, () => new BumpArenaLazy(MiB));
  for (let round = 0; round < 300; round++) {
    for (const [i, arena] of arenas.entries()) {
      // Some grow in some rounds, which makes them move elsewhere and not along.
      const size = 16 * KiB * (1 + ((i + round) % 3)) + (round % 50 === i % 50 ? 200 * KiB : 0);
      const block = arena.alloc(size);
      block[0] = block[size - 1] = i;
      arena.renew();
    }
  }
  for (const [i, arena] of arenas.entries()) {
    assert.ok(
      arena
        .alloc(300 * KiB)
        .fill(i & 0xff)
        .every((byte) => byte === (i & 0xff)),
    );
  }
}

run(async () => {
  renewAll();
  await collectUntil('all is given back', () => memoryUsage().reserved + memoryUsage().retired === 0);
});
