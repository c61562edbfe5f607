// One of several threads that allocate from the same BumpAlloc until it is full: nanoseconds for each allocation.
import { parentPort, workerData } from 'node:worker_threads';

import { BumpAlloc } from '../../dist/index.mjs';
import { start } from './threads.mjs';

const OPERATIONS = 200_000;
const WARM_UP = 10;

const { handle, size } = workerData;
const alloc = BumpAlloc.attach(handle);

function sample(count) {
  let last = 0;
  for (let i = 0; i < count; i++) {
    last = alloc.allocOffset(size);
  }
  return last;
}

// Below 2 GiB, and while both are at work, from the first allocation to the last.
const samples = [];
sample(1);
start(workerData);
for (;;) {
  const begin = process.hrtime.bigint();
  if (sample(OPERATIONS) < 0) {
    break;
  }
  samples.push(Number(process.hrtime.bigint() - begin) / OPERATIONS);
}
parentPort.postMessage(samples.slice(WARM_UP));
