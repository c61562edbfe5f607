// one block outlives its dropped arena, contents included
'use strict';

const assert = require('node:assert/strict');
const { BumpArena, BumpArenaLazy, GiB, KiB, MiB, collect, collectUntil, memoryUsage, run } = require('../support.cjs');

async function keepBlocks() {
  const blocks = [];
  for (let i = 0; i < 300; i++) {
    const arena = i % 10 === 9 ? new BumpArena(MiB) : new BumpArenaLazy(4 * GiB);
    arena.alloc(i * 100);
    if (i % 3 === 0) {
      arena.renew();
    }
    blocks.push(arena.alloc(20 * KiB).fill(i & 0xff));
    arena.alloc(500 * KiB); // exposes the arena a second time, at a greater length
  }
  for (let round = 0; round < 3; round++) {
    await collect();
    for (const [i, block] of blocks.entries()) {
      assert.ok(
        block.every((byte) => byte === (i & 0xff)),
        `block ${i} has changed`,
      );
      block.fill(i & 0xff);
    }
  }
  assert.equal(memoryUsage().reserved, 0, 'an arena is not collected while a block of it lives');
  assert.ok(memoryUsage().retired > 0);
}

run(async () => {
  await keepBlocks();
  await collectUntil('all memory is given back', () => memoryUsage().retired === 0);
});
