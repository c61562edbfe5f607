// requests end, fail and are forgotten in every order, with continuations that outlive them and pins that are never released
'use strict';

const assert = require('node:assert/strict');
const { ArenaPool, collect, currentArena, KiB, run, seededRandom, sleep, withArena } = require('../support.cjs');

const KEPT = 50 * KiB;

async function request(pool, random, own) {
  const late = [];
  const result = withArena(
    async (arena) => {
      const blocks = [];
      for (let i = 0; i < 4; i++) {
        assert.equal(currentArena(), arena);
        const block = arena.alloc(random.below(KEPT));
        assert.ok(block.every((byte) => byte === 0));
        blocks.push(block.fill(own));
        // It goes on after the request, and finds no arena or its own.
        late.push(
          sleep(random.below(20)).then(() => {
            const current = currentArena();
            assert.ok(current === undefined || current === arena);
            current?.alloc(100).fill(own);
          }),
        );
        await sleep(random.below(4));
        assert.ok(blocks.every((each) => each.every((byte) => byte === own)));
        if (random.below(20) === 0) {
          throw new Error('a request has failed');
        }
        if (random.below(20) === 0) {
          arena.pin(); // and nobody ever releases it
        }
        if (random.below(20) === 0) {
          arena.dispose();
          return;
        }
      }
    },
    { pool },
  );
  try {
    await result;
  } catch (error) {
    assert.ok(error.message === 'a request has failed' || /^ERR_OFFHEAP_(DISPOSED|PINNED)$/.test(error.code), error);
  }
  await Promise.all(late);
}

run(async () => {
  const random = seededRandom();
  for (const giveBack of ['auto', 'reset']) {
    const pool = new ArenaPool({ giveBack, window: 128 * KiB });
    for (let round = 0; round < 8; round++) {
      await Promise.all(Array.from({ length: 60 }, (_, i) => request(pool, random, 1 + (i % 255))));
      await collect(1);
    }
    const { liveArenas, pinned } = pool.stats;
    assert.equal(liveArenas, pinned); // those with a pin
    pool.dispose();
  }
});
