// sixty workers end with exposures alive, and leave little behind
'use strict';

const assert = require('node:assert/strict');
const { setFlagsFromString } = require('node:v8');
const { once } = require('node:events');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { BumpArenaLazy, collect, GiB, KiB, memoryUsage, run } = require('../support.cjs');

const ARENAS = 20;

function work(number) {
  const kept = [];
  for (let i = 0; i < ARENAS; i++) {
    const arena = new BumpArenaLazy(GiB);
    kept.push(arena, arena.alloc(100 * KiB).fill(i), arena.alloc(200 * KiB).fill(i));
    switch (i % 5) {
      case 1:
        arena.dispose();
        break;
      case 2:
        arena.renew();
        kept.push(arena.alloc(10 * KiB).fill(i));
        break;
      case 3:
        arena.reset();
        break;
      case 4:
        kept.pop();
        kept.pop();
        kept.pop();
    }
  }
  if (number % 3 === 1) {
    gc();
  }
  parentPort.postMessage('ready');
  globalThis.kept = kept;
  if (number % 2 === 0) {
    setTimeout(() => {}, 60_000); // waits to be terminated; the others end by themselves
  }
}

async function main() {
  // Room for all garbage of a worker. What a collection finds dropped just before the end stays mapped, which is known and
  // not what this is about.
  setFlagsFromString('--min-semi-space-size=16');
  const usage = [];
  for (let i = 0; i < 60; i += 4) {
    const workers = [0, 1, 2, 3].map((j) => new Worker(module.filename, { workerData: i + j }));
    await Promise.all(
      workers.map(async (worker, j) => {
        const exit = once(worker, 'exit');
        await once(worker, 'message');
        if (j % 2 === 0) {
          await worker.terminate();
        }
        await exit;
      }),
    );
    await collect(1);
    usage.push(memoryUsage());
  }
  const last = usage.at(-1);
  assert.equal(last.reserved, 0);
  // Each worker had 20 arenas with 300 KiB and more, of which nobody took any away: next to nothing stays behind.
  const perWorker = (last.resident + last.retired) / 60;
  console.error(`left by a worker: ${last.resident / 60} bytes resident, ${last.retired / 60} retired`);
  assert.ok(perWorker < 256 * KiB, `${perWorker} bytes are left by each worker`);
}

if (isMainThread) {
  run(main);
} else {
  work(workerData);
}
