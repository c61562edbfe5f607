// a buffer that was marked as untransferable cannot be detached: the arena starts over elsewhere
'use strict';

const assert = require('node:assert/strict');
const { markAsUntransferable } = require('node:worker_threads');

const { BumpArena, BumpArenaLazy, KiB, MiB, MARKER } = require('../support.cjs');

for (const Arena of [BumpArena, BumpArenaLazy]) {
  for (const startOver of [(a) => a.reset(), (a) => a.renew(), (a) => a.renew({ detach: true })]) {
    const arena = new Arena(8 * MiB);
    arena.alloc(10);
    markAsUntransferable(arena.buffer);
    const early = arena.alloc(10).fill(3);
    arena.alloc(300 * KiB); // grows past it
    for (let round = 0; round < 3; round++) {
      const stale = arena.alloc(10).fill(4);
      startOver(arena);
      assert.equal(arena.used, 0);
      assert.equal(arena.owns(early), false);
      const fresh = arena.alloc(1 * MiB).fill(5);
      for (const view of [early, stale].filter(({ length }) => length > 0)) {
        assert.ok(!view.includes(5));
        view.fill(6);
      }
      assert.ok(fresh.every((byte) => byte === 5));
      assert.equal(arena.views.u8[fresh.byteOffset], 5);
      if (arena.buffer.byteLength > 0) {
        markAsUntransferable(arena.buffer);
      }
    }
    arena.dispose();
  }
}

console.log(MARKER);
// Node 24 aborts when it ends by itself, because it cannot detach an external ArrayBuffer that is marked like this.
process.exit(0);
