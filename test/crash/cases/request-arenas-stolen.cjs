// buffers of requests are taken away, posted and marked in every way, in the main thread and in workers that end
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { isMainThread, parentPort, Worker } = require('node:worker_threads');
const { ArenaPool, CAN_TRANSFER, collect, KiB, run, seededRandom, sleep, touch } = require('../support.cjs');

const thefts = [
  (block) => new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(block) }).getReader().read(),
  (block) => structuredClone(block),
  (block, port) => port?.postMessage(block),
  (block, port) => {
    try {
      port?.postMessage(block, [block.buffer]);
    } catch (error) {
      assert.equal(error.name, 'DataCloneError');
    }
  },
  (block) => (CAN_TRANSFER && block.length > 0 ? block.buffer.transfer() : null),
  (block) => (CAN_TRANSFER && block.length > 0 ? block.buffer.transfer(10) : null),
];

async function steal(port, rounds) {
  const random = seededRandom();
  const kept = [];
  for (const giveBack of ['auto', 'renew', 'detach', 'reset']) {
    const pool = new ArenaPool({ giveBack, window: 64 * KiB });
    for (let i = 0; i < rounds; i++) {
      const arena = pool.acquire();
      for (let j = random.below(5); j >= 0; j--) {
        const block = arena.alloc(1 + random.below(20 * KiB));
        assert.ok(block.every((byte) => byte === 0));
        block.fill(0x11);
        kept.push(block);
        if (random.below(3) === 0) {
          const taken = await random.pick(thefts)(block, port);
          if (taken?.value !== undefined || taken instanceof ArrayBuffer) {
            kept.push(new Uint8Array(taken.value?.buffer ?? taken));
          }
        }
      }
      if (random.below(20) > 0) {
        pool.release(arena, { aborted: random.below(2) === 0 });
      }
      touchAll(kept);
      kept.splice(0, random.below(5));
      if (random.below(30) === 0) {
        await collect(1);
      }
    }
    if (random.below(2) === 0) {
      pool.dispose();
    }
  }
  return kept;
}

/** Writes what the requests that have ended may write, so that a later one that sees it would find it is not zero. */
function touchAll(views) {
  for (const view of views) {
    for (let i = 0; i < view.length; i += 512) {
      view[i] = 0x11;
    }
  }
}

async function main() {
  const received = [];
  for (let i = 0; i < 6; i++) {
    const worker = new Worker(module.filename);
    const exit = once(worker, 'exit');
    worker.on('message', (message) => received.push(message));
    await (i % 2 === 0 ? exit : sleep(150));
    await worker.terminate();
    await exit;
    await collect(1);
  }
  const kept = await steal(null, 150);
  kept.forEach(touch);
  received.filter((message) => message instanceof Uint8Array).forEach(touch);
  kept.length = received.length = 0;
  await collect();
}

if (isMainThread) {
  run(main);
} else {
  steal(parentPort, 60).then((kept) => (globalThis.kept = kept));
}
