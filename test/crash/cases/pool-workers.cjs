// Workers are terminated in the middle of using pools, with Buffers live, lost, posted and in jobs
'use strict';
const { isMainThread, parentPort, Worker } = require('node:worker_threads');
const crypto = require('node:crypto');
const { BufferPool, collect, memoryUsage, run, seededRandom, sleep, touch } = require('../support.cjs');

if (isMainThread) {
  run(async () => {
    const { below } = seededRandom();
    const received = [];
    for (let round = 0; round < 12; round++) {
      const workers = Array.from({ length: 4 }, () => {
        const worker = new Worker(module.filename);
        worker.on('message', (view) => received.push(view));
        return worker;
      });
      await sleep(20 + below(150));
      await Promise.all(workers.map((worker) => worker.terminate()));
      received.forEach(touch);
      await collect(1);
    }
    console.log(memoryUsage().kinds.pool);
  });
} else {
  const pools = [
    new BufferPool({ idleMs: 5 }),
    new BufferPool({ guard: true, leakDetection: 'paranoid' }),
    new BufferPool({ maxBytes: 100_000 }),
  ];
  const live = [];
  const step = (n) => {
    const pool = pools[n % pools.length];
    const buffer = pool.acquire(1 + ((n * 7919) % 200_000)).fill(1);
    if (n % 3 === 0) live.push([pool, buffer]);
    else pool.release(buffer);
    if (n % 50 === 0) for (const [owner, old] of live.splice(0, 20)) owner.release(old);
    if (n % 70 === 0) live.length = 0; // lost
    if (n % 20 === 0) crypto.randomFill(pools[0].acquire(100_000), () => {});
    if (n % 100 === 0) parentPort.postMessage(pool.acquire(10));
    if (n % 10 === 0) setImmediate(step, n + 1);
    else step(n + 1);
  };
  step(1);
}
