// first allocations of every kind near the end of the stack: some fail, none overlap, and later ones succeed
'use strict';

const assert = require('node:assert/strict');
const { BumpAlloc, BumpArena, BumpArenaLazy, KiB, MemoryArena, MiB, run } = require('../support.cjs');

/** How often an allocation has failed there; compiled, some need hardly any stack, and do not. */
let failures = 0;

/** Allocates on the way back from the end of the stack. */
function allocateAtTheEnd(allocator) {
  const blocks = [];
  const deeper = () => {
    try {
      deeper();
    } catch {
      // here is the end
    }
    try {
      if (blocks.length < 2000) {
        blocks.push(allocator.alloc(blocks.length % 100 === 99 ? 20 * KiB : 24));
      }
    } catch {
      failures++;
    }
  };
  deeper();
  return blocks;
}

run(async () => {
  // The first one needs the addon only for a block, and loading it fails there; that must not be for good.
  const makers = [
    () => BumpAlloc.withSize(8 * MiB),
    () => new BumpArenaLazy(8 * MiB),
    () => new MemoryArena(MiB).allocator(),
    () => new BumpArena(8 * MiB),
  ];
  for (const make of makers) {
    const allocator = make();
    const blocks = allocateAtTheEnd(allocator);
    blocks.push(allocator.alloc(100));
    blocks.forEach((block, i) => block.fill(i & 255));
    assert.ok(blocks.every((block, i) => block.every((byte) => byte === (i & 255))));
  }
  assert.ok(failures > 0);
});
