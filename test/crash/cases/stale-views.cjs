// stale views, transferred copies and structured clones can be read and written after every way to start over
'use strict';

const assert = require('node:assert/strict');
const { BumpArena, BumpArenaLazy, CAN_TRANSFER, KiB, collect, collectUntil, memoryUsage } = require('../support.cjs');
const { run, touch } = require('../support.cjs');

const SIZE = 300 * KiB;

const endings = {
  reset: (arena) => arena.reset(),
  renew: (arena) => arena.renew(),
  detach: (arena) => arena.renew({ detach: true }),
  resetUnsafe: (arena) => arena.resetUnsafe(),
  dispose: (arena) => arena.dispose(),
};

/** Takes what a program may keep of a round: views over the longest and over a shorter exposure, and copies. */
function keepAll(arena) {
  const small = arena.alloc(KiB).fill(1);
  const clone = structuredClone(small);
  const block = arena.alloc(SIZE).fill(2);
  const { f64, u8 } = arena.views;
  const data = new DataView(arena.buffer);
  return {
    clone,
    buffer: arena.buffer,
    data,
    views: [small, block, f64, u8, block.subarray(KiB), new Uint8Array(arena.buffer)],
  };
}

/** One arena's life. A function of its own, so that nothing is left on the stack. */
async function live(Arena, name, transferred, rounds) {
  const arena = new Arena(1024 * KiB);
  for (let i = 0; i < rounds; i++) {
    // Later rounds are in other places: further along the same addresses, or in a buffer that was moved.
    keepAll(arena);
    arena.renew({ detach: i === 1 });
  }
  const kept = keepAll(arena);
  const views = [...kept.views, new Uint8Array(transferred ? kept.buffer.transfer() : 0)];
  endings[name](arena);
  await collect(2);
  views.forEach(touch);
  if (kept.data.buffer.byteLength > 0) {
    kept.data.setFloat64(8, 1);
  }
  assert.ok(kept.clone.every((byte) => byte === 1));
  if (name === 'dispose') {
    return;
  }

  const next = arena.alloc(SIZE).fill(7);
  views.forEach(touch);
  if (name !== 'resetUnsafe') {
    assert.ok(
      next.every((byte) => byte === 7),
      `${Arena.name} ${name}: a stale view changed the next round`,
    );
  }
  await collect(1);
  touch(next);
  arena.dispose();
  await collect(1);
  [...views, next].forEach(touch);
}

run(async () => {
  for (const Arena of [BumpArena, BumpArenaLazy]) {
    for (const name of Object.keys(endings)) {
      for (const transferred of CAN_TRANSFER ? [false, true] : [false]) {
        for (let rounds = 0; rounds < 3; rounds++) {
          await live(Arena, name, transferred, rounds);
        }
      }
    }
  }
  await collectUntil('all memory is given back', () => memoryUsage().retired === 0);
});
