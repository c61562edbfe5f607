// The ArrayBuffers of a pool are taken away, and its Buffers posted, transferred and cloned; nobody sees what comes after
'use strict';
const { MessageChannel } = require('node:worker_threads');
const { BufferPool, CAN_TRANSFER, collect, run, seededRandom, turn } = require('../support.cjs');

/** What a byte stream makes of a Buffer: a view on the same memory, by another ArrayBuffer. */
async function steal(buffer) {
  const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(buffer) });
  const { value } = await stream.getReader().read();
  return value;
}

run(async () => {
  const { below, pick } = seededRandom();
  const pools = [
    new BufferPool({ idleMs: 20 }),
    new BufferPool({ guard: true }),
    new BufferPool({ leakDetection: 'paranoid', zeroOnRelease: true }),
  ];
  for (let round = 0; round < 150; round++) {
    const pool = pick(pools);
    const size = 1 + below(100_000);
    const live = Array.from({ length: 10 }, () => pool.acquire(size).fill(1));
    const victim = pick(live);
    const loot = below(2) === 0 || !CAN_TRANSFER ? await steal(victim) : new Uint8Array(victim.buffer.transfer(), 0);
    const whole = new Uint8Array(loot.buffer);
    whole.fill(2);
    const after = Array.from({ length: 20 }, () => pool.acquire(size).fill(3));
    whole.fill(4);
    if (!after.every((buffer) => buffer.length === size && buffer.every((byte) => byte === 3))) {
      throw new Error(`Round ${round}: whoever took memory away sees what was acquired after`);
    }
    for (const buffer of [...live, ...after]) {
      pool.release(buffer);
    }
    if (pool.stats.liveBuffers !== 0) {
      throw new Error(`Round ${round}: ${pool.stats.liveBuffers} Buffers are live`);
    }
    if (round % 20 === 0) {
      const { port1, port2 } = new MessageChannel();
      const posted = pool.acquire(100);
      port1.postMessage(posted);
      try {
        port1.postMessage(posted, [posted.buffer]);
      } catch {
        // Node 22 and later refuse
      }
      structuredClone(posted);
      pool.release(posted);
      await turn();
      port1.close();
      port2.close();
      pool.trim();
      await collect();
    }
  }
  pools.forEach((pool) => pool.dispose());
  await collect();
});
