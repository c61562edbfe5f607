// a buffer that memory has moved on to is posted to a worker, which works on it while the arena goes on, and ends
'use strict';

const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

const { BumpArenaLazy, KiB, MiB, collect, run, sleep } = require('../support.cjs');

const WORK = `
  const { parentPort } = require('node:worker_threads');
  parentPort.once('message', (bytes) => {
    const end = Date.now() + 40;
    while (Date.now() < end) {
      bytes.fill(1);
    }
    parentPort.postMessage(bytes.length);
  });
`;

async function post(terminated) {
  const arena = new BumpArenaLazy(4 * MiB);
  arena.alloc(100 * KiB);
  arena.reset();
  const block = arena.alloc(100 * KiB);
  const worker = new Worker(WORK, { eval: true });
  const ended = once(worker, 'exit');
  await once(worker, 'online');
  try {
    worker.postMessage(block, [block.buffer]); // an exposure that has not moved is refused
  } catch (error) {
    if (error.name !== 'DataCloneError') {
      throw error;
    }
    worker.postMessage(new Uint8Array(block));
  }
  for (let round = 0; round < 20; round++) {
    arena.alloc(200 * KiB).fill(2);
    arena.reset();
    await sleep(1);
  }
  arena.dispose();
  await collect();
  await (terminated ? worker.terminate() : ended);
  await collect();
}

run(async () => {
  for (let round = 0; round < 6; round++) {
    await post(round % 2 === 0);
  }
});
