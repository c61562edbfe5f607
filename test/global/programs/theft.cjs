// Gives away the ArrayBuffer that all routed Buffers are on, in the way that the first argument names. Run with --expose-gc.
'use strict';

const { once } = require('node:events');
const { MessageChannel, Worker } = require('node:worker_threads');

const { BumpAlloc, KiB, MiB } = require('offheap');
const { installGlobal } = require('offheap/global');
const { isZero, outcome, print } = require('./common.cjs');

const SIZES = [1, 100, 4096, 65_536, 300 * KiB];
const alloc = BumpAlloc.withSize(64 * MiB);
installGlobal(alloc);

/** Buffers of all sizes, by both functions: nobody else's, and with the right bytes. */
function works(others) {
  const part = Buffer.from([1, 2, 3]);
  const unsafe = SIZES.map((size) => Buffer.allocUnsafe(size));
  const joined = SIZES.map((size) => Buffer.concat([part, part, Buffer.alloc(size, 9)], size));
  const zero = unsafe.every(isZero);
  const right = joined.every((buffer, i) =>
    buffer.equals(Buffer.concat([part, part, Buffer.alloc(SIZES[i], 9)], SIZES[i])),
  );
  unsafe.forEach((buffer) => buffer.fill(255));
  const apart =
    joined.every((buffer) => buffer[0] === 1) && others.every((buffer) => buffer.length === 0 || isZero(buffer));
  const owned = [...unsafe, ...joined].every((buffer) => alloc.owns(buffer));
  return zero && right && apart && owned;
}

const WORKER = `
  const { parentPort } = require('node:worker_threads');
  parentPort.once('message', (bytes) => parentPort.postMessage([bytes.length, bytes.every((byte, i) => byte === i % 251)]));`;

function withPattern(size) {
  const buffer = Buffer.allocUnsafe(size);
  return buffer.fill(Uint8Array.from({ length: 251 }, (_, i) => i));
}

const thefts = {
  stream(victim) {
    const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(victim) });
    return stream.getReader().read();
  },
  transfer: (victim) => victim.buffer.transfer(),
  fixed: (victim) => victim.buffer.transferToFixedLength(10),
  clone: (victim) => structuredClone(victim, { transfer: [victim.buffer] }),
  post: (victim) => new MessageChannel().port1.postMessage(victim, [victim.buffer]),
};

const ways = {
  /** The same theft again and again, and what other Buffers have become of. */
  async stolen(name) {
    let good = 0;
    const held = [];
    for (let i = 0; i < 10; i++) {
      const others = [Buffer.allocUnsafe(50), Buffer.allocUnsafe(100 * KiB)];
      held.push(await outcome(() => thefts[name](Buffer.allocUnsafe(100))));
      good += works(others) ? 1 : 0;
      if (i % 3 === 2) {
        held.length = 0;
        gc();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    return { good, allocatedAtLeast: alloc.allocated >= 10 * 2 * 360 * KiB };
  },

  /** What a theft answers or throws, and what is left of another Buffer. */
  async outcomes() {
    const all = {};
    for (const name of Object.keys(thefts).filter((each) => each !== 'fixed' && each !== 'transfer')) {
      const other = Buffer.allocUnsafe(50);
      const taken = await outcome(() => thefts[name](Buffer.allocUnsafe(100)));
      all[name] = [taken?.name ?? 'done', other.length];
    }
    return all;
  },

  async posted() {
    const worker = new Worker(WORKER, { eval: true });
    Buffer.allocUnsafe(500).fill(1);
    const block = withPattern(5000);
    worker.postMessage(block);
    const [answer] = await once(worker, 'message');
    const clone = structuredClone(block);
    return {
      answer,
      clone: block.equals(clone),
      copied: clone.buffer !== block.buffer && clone.buffer.byteLength > 5500,
      left: block.length,
    };
  },
};

(async () => print(await ways[process.argv[2]](process.argv[3])))();
