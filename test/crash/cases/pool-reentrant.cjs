// Whoever hears of what a pool does uses it, releases, trims and disposes of it there
'use strict';
const { subscribe } = require('node:diagnostics_channel');
const { BufferPool, collect, run, seededRandom, sleep } = require('../support.cjs');

run(async () => {
  const { below, pick } = seededRandom();
  let pools = [];
  const live = [];
  let depth = 0;
  process.on('warning', () => {});
  const meddle = () => {
    if (depth > 3) return;
    depth++;
    try {
      const pool = pick(pools);
      pick([
        () => live.push([pool, pool.acquire(below(50_000))]),
        () => live.splice(below(live.length + 1), 1).forEach(([owner, buffer]) => owner.release(buffer)),
        () => pool.trim(),
        () => pool.prewarm(below(10_000), 5),
        () => pool.stats,
        () => pool.acquire(below(50_000)), // lost
        () => below(50) === 0 && pool.dispose(),
      ])();
    } catch (error) {
      if (error.code !== 'ERR_OFFHEAP_DISPOSED') throw error;
    } finally {
      depth--;
    }
  };
  for (const name of ['trim', 'fallback', 'leak', 'use-after-release']) {
    subscribe(`offheap:${name}`, meddle);
  }
  for (let round = 0; round < 30; round++) {
    live.length = 0;
    pools = [{}, { guard: true }, { leakDetection: 'paranoid' }, { guard: true, leakDetection: 'paranoid' }].map(
      (options) => new BufferPool({ maxBytes: 300_000, idleMs: 5, ...options }),
    );
    for (let i = 0; i < 200; i++) meddle();
    const stale = pools[1];
    try {
      const buffer = stale.acquire(100);
      stale.release(buffer);
      buffer.fill(1);
      stale.acquire(100);
    } catch (error) {
      if (error.code !== 'ERR_OFFHEAP_DISPOSED') throw error;
    }
    await collect(1);
    await sleep(5);
  }
});
