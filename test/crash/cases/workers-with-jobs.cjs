// workers end with jobs in flight into memory that was reset, renewed or disposed of
'use strict';

const { once } = require('node:events');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpArena, BumpArenaLazy, collect, run, sleep } = require('../support.cjs');

async function work({ end, Arena }) {
  const arena = Arena === 'lazy' ? new BumpArenaLazy(JOB_BYTES) : new BumpArena(JOB_BYTES);
  await startJobs(arena, ['brotli', 'randomFill', 'gzip', 'read', 'write']);
  arena[end]();
  await collect(1); // the detached buffers' stores are finalized, if there are any
  parentPort.postMessage('ready');
}

async function main() {
  for (const Arena of ['lazy', 'eager']) {
    for (const end of ['reset', 'renew', 'dispose', 'resetUnsafe']) {
      for (const delay of [0, 20]) {
        const worker = new Worker(module.filename, { workerData: { end, Arena } });
        const exit = once(worker, 'exit');
        await once(worker, 'message');
        await sleep(delay);
        await worker.terminate();
        await exit;
        await collect(1);
      }
    }
  }
}

if (isMainThread) {
  run(main);
} else {
  work(workerData);
}
