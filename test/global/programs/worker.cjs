// A thread that makes Buffers, sees that they are new, marks them and says where they are; then starts another one like itself
// where `nested` says so. With `forever` it goes on until it is terminated.
'use strict';

const { parentPort, Worker, workerData } = require('node:worker_threads');

const { ALONE, isRouted, isZero, offsetOf } = require('./common.cjs');

const { mark = 1, sizes = [], nested = 0, before = '', forever = false } = workerData ?? {};

// By hand, where the flags do not do it.
if (before !== '') {
  require(before).installGlobal();
}

const buffers = sizes.map((size) => Buffer.allocUnsafe(size));
const zero = buffers.every(isZero);
buffers.forEach((buffer) => buffer.fill(mark));
const ranges = buffers.map((buffer) => [offsetOf(buffer), buffer.length, mark]);
parentPort.postMessage({ routed: isRouted(Buffer.allocUnsafe(ALONE)), zero, ranges });

if (nested > 0) {
  const worker = new Worker(module.filename, { workerData: { ...workerData, mark: mark + 10, nested: nested - 1 } });
  worker.on('message', (message) => parentPort.postMessage(message));
}
// Lives until others have looked at what it has made, and then makes more.
if (sizes.length > 0) {
  parentPort.once('message', () => {
    const more = sizes.map((size) => Buffer.allocUnsafe(size));
    const intact = buffers.every((buffer) => buffer.every((byte) => byte === mark));
    parentPort.postMessage({ routed: isRouted(), zero: intact && more.every(isZero) });
    parentPort.close();
  });
}
for (let i = 0; forever; i++) {
  Buffer.allocUnsafe(1 + ((i * 7919) % 3000)).fill(255);
}
