// workers and the process end with jobs running on blocks of memory that all threads share
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const { BumpAlloc, collect, collectUntil, GiB, KiB, MARKER, memoryUsage, MiB, run, sleep } = require('../support.cjs');

const JOBS = ['brotli', 'brotliStream', 'randomFill', 'gzip', 'deflate', 'read', 'write'];

/** Whether the worker goes on to hold the memory, or all that does is its jobs. */
async function work({ handle, drop }) {
  const alloc = BumpAlloc.attach(handle);
  await startJobs(alloc, JOBS);
  globalThis.kept = drop ? null : alloc;
  await collect(1);
  parentPort.postMessage('ready');
}

/** Jobs that this thread runs at the same time end well. */
async function endWorkersUnderJobs(drop, delay, alone) {
  let alloc = BumpAlloc.withSize(4 * JOB_BYTES);
  const mine = alloc.alloc(MiB).fill(1);
  const worker = new Worker(module.filename, { workerData: { handle: alloc.handle, drop } });
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  if (alone) {
    alloc = null; // its view holds the memory, or the worker's jobs do
    await collect(1);
  }
  const ended = alone ? null : await startJobs(alloc, ['gzip', 'randomFill', 'read', 'socket']);
  await sleep(delay);
  await worker.terminate();
  await exit;
  await collect(1);
  assert.ok(mine.every((byte) => byte === 1));
  if (!alone) {
    assert.equal(await ended(), 0);
    assert.equal(alloc.alloc(100 * KiB)?.length, 100 * KiB);
  }
}

run(isMainThread ? main : () => work(workerData).then(() => new Promise(() => {})));

async function main() {
  for (const drop of [false, true]) {
    for (const delay of [0, 20]) {
      for (const alone of [false, true]) {
        await endWorkersUnderJobs(drop, delay, alone);
      }
    }
  }
  await collectUntil('no thread has any of it', () => memoryUsage().kinds.bumpAlloc.reserved === 0);

  const alloc = BumpAlloc.withSize(GiB);
  await startJobs(alloc);
  const worker = new Worker(module.filename, { workerData: { handle: alloc.handle, drop: false } });
  await once(worker, 'message');
  gc();
  console.log(MARKER);
  process.exit(0);
}
