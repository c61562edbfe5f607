// many exposures end in any order, under pressure from the garbage collector
'use strict';

const assert = require('node:assert/strict');
const { BumpArenaLazy, CAN_TRANSFER, collect, collectUntil, KiB, memoryUsage } = require('../support.cjs');
const { MiB, run, seededRandom, touch, turn } = require('../support.cjs');

const random = seededRandom();

/** What may happen to one of the arenas that are alive. */
const steps = [
  (arena, kept) => kept.push(arena.alloc(random.below(60 * KiB))),
  (arena, kept) => kept.push(arena.alloc(random.below(60 * KiB))?.subarray(10)),
  (arena, kept) => kept.push(arena.allocZeroed(random.below(500 * KiB))),
  (arena, kept) => kept.push(new Uint8Array(arena.buffer)),
  (arena, kept) => arena.alloc(1) && CAN_TRANSFER && kept.push(new Uint8Array(arena.buffer.transfer())),
  (arena, kept) => arena.alloc(1) && CAN_TRANSFER && kept.push(new Uint8Array(arena.buffer.transfer().transfer())),
  (arena, kept) => random.below(20) === 0 && kept.push(structuredClone(arena.alloc(10))),
  (arena) => arena.reset(),
  (arena) => arena.renew(),
  (arena) => arena.renew({ detach: true }),
  (arena) => arena.resetUnsafe(),
  (arena) => arena.trim(),
  (arena) => arena.scope(() => arena.alloc(random.below(2 * MiB))),
  (arena) => arena.dispose(),
  (arena, kept) => kept.forEach((view) => view && touch(view)),
  (arena, kept) => kept.splice(random.below(kept.length), 1 + random.below(5)),
  () => gc({ type: 'minor' }),
];

async function play(ms) {
  const arenas = [];
  const kept = [];
  const deadline = performance.now() + ms;
  let count = 0;
  for (; performance.now() < deadline; count++) {
    if (arenas.length < 40) {
      arenas.push(new BumpArenaLazy(random.pick([100, KiB, 64 * KiB, MiB, 10 * MiB])));
    }
    const index = random.below(arenas.length);
    const arena = arenas[index];
    try {
      random.pick(steps)(arena, kept);
    } catch (error) {
      if (error.code !== 'ERR_OFFHEAP_DISPOSED') {
        throw error;
      }
      arenas.splice(index, 1);
    }
    if (random.below(300) === 0) {
      arenas.splice(random.below(arenas.length), 10); // dropped without dispose()
    }
    if (kept.length > 500) {
      kept.splice(0, 400);
    }
    if (random.below(200) === 0) {
      await turn();
    }
    if (random.below(2000) === 0) {
      await collect(1);
    }
  }
  console.error(`${count} steps`);
}

run(async () => {
  await play(4000);
  await collectUntil('all is given back', () => memoryUsage().reserved + memoryUsage().retired === 0);
  assert.equal(memoryUsage().resident, 0);
});
