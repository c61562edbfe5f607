// A thread of the tests: does what it is told by messages, with the built package.
'use strict';

const { parentPort, Worker, workerData } = require('node:worker_threads');
const { BumpAlloc, KiB, struct, u32, f64 } = require('../../dist/index.js');
const { collectGarbage, fill, random, spin } = require('./common.cjs');

const Point = struct({ x: f64, y: f64, id: u32 });

let alloc = workerData?.handle === undefined ? null : BumpAlloc.attach(workerData.handle);
let nested = null;
let kept = [];

/** Each answers what is posted back; views in it are copied. */
const commands = {
  attach(handle) {
    alloc = BumpAlloc.attach(handle);
    return { capacity: alloc.capacity, allocated: alloc.allocated };
  },

  /** Blocks of sizes and alignments drawn by chance, as `[offset, size, align, ...]`, each with a pattern in it. */
  allocate({ thread, count, largest, smallest = 1, aligned = false, seed, gate }) {
    const below = random(seed);
    const found = new Float64Array(3 * count);
    spin(gate);
    for (let i = 0; i < count; i++) {
      const size = smallest + below(largest - smallest + 1);
      const align = aligned ? 2 ** below(17) : 8;
      const block = alloc.alloc(size, align);
      fill(block, thread, i);
      found.set([block.byteOffset, size, align], 3 * i);
    }
    return found;
  },

  /** Blocks of each size in turn until there is no room for one, and what `allocated` is before and after refusals. */
  exhaust({ thread, sizes, gate }) {
    const found = [];
    let count = 0;
    spin(gate);
    for (const size of sizes) {
      for (let block = alloc.alloc(size, 1); block !== null; block = alloc.alloc(size, 1)) {
        fill(block, thread, count++);
        found.push(block.byteOffset, size, 1);
      }
    }
    return Float64Array.from(found);
  },

  /** Requests that have no room anywhere. Answers how many of them were refused. */
  refuse({ sizes, times }) {
    let refused = 0;
    for (let i = 0; i < times; i++) {
      for (const size of sizes) {
        refused += Number(alloc.alloc(size, 2 ** (i % 20)) === null) + Number(alloc.allocOffset(size) === -1);
      }
    }
    return refused;
  },

  /** Large blocks, which are taken by themselves, with requests in between that can never be met. */
  mixWithRefusals({ thread, count, size, gate }) {
    const found = new Float64Array(3 * count);
    spin(gate);
    for (let i = 0; i < count; i++) {
      if (alloc.alloc(alloc.capacity + 1) !== null || alloc.allocOffset(2 ** 52) !== -1) {
        throw new Error('More than there is was allocated');
      }
      const block = alloc.alloc(size, 1);
      fill(block, thread, i);
      found.set([block.byteOffset, size, 1], 3 * i);
    }
    return found;
  },

  /** One after all the others that wait at the gate. Keeps the allocator, so that its memory stays. */
  race({ handle, gate, byte }) {
    const mine = BumpAlloc.attach(handle);
    kept.push(mine);
    spin(gate);
    const block = mine.alloc(100).fill(byte);
    return mine.offsetOf(block);
  },

  read({ offset, length }) {
    return Uint8Array.from(alloc.bytesAt(offset, length));
  },

  write({ offset, bytes }) {
    alloc.bytesAt(offset, bytes.length).set(bytes);
  },

  allocateOne({ bytes }) {
    const block = alloc.alloc(bytes.length);
    block.set(bytes);
    return alloc.offsetOf(block);
  },

  /** Words that another thread and this one change in turns, without messages; the first says whose turn it is. */
  playInTurns({ offset, rounds }) {
    const words = new Int32Array(alloc.buffer, offset, 4);
    for (let round = 0; round < rounds; round++) {
      while (Atomics.load(words, 0) !== 2 * round + 1);
      if (words[1] !== round * 3 || words[2] !== ~round) {
        throw new Error(`Round ${round}: found ${words[1]} and ${words[2]}`);
      }
      words[1] = -round;
      words[2] = round * 5;
      Atomics.store(words, 0, 2 * round + 2);
    }
  },

  count({ offset, times }) {
    const words = new Int32Array(alloc.buffer, offset, 1);
    for (let i = 0; i < times; i++) {
      Atomics.add(words, 0, 1);
    }
  },

  /** A record, found by others between two words. */
  place(init) {
    const before = alloc.allocOffset(8);
    const record = alloc.place(Point, init);
    kept = [record];
    return { offset: before + 8, end: alloc.allocOffset(8) };
  },

  record() {
    return kept[0].toObject();
  },

  drop() {
    alloc = null;
    kept = [];
    collectGarbage();
  },

  /** A thread that this one starts does it. */
  async nest({ handle, command, args }) {
    nested ??= new Worker(module.filename, { workerData: { handle } });
    const answer = new Promise((resolve, reject) => {
      nested.once('message', resolve).once('error', reject);
    });
    nested.postMessage({ command, args });
    const { value, error } = await answer;
    if (error !== undefined) {
      throw Object.assign(new Error(error.message), { code: error.code });
    }
    return value;
  },

  /** Makes the memory here and gives others the handle. */
  create({ bytes = 64 * KiB }) {
    alloc = BumpAlloc.withSize(bytes);
    return alloc.handle;
  },
};

parentPort.on('message', async ({ command, args }) => {
  try {
    parentPort.postMessage({ value: await commands[command](args) });
  } catch (error) {
    parentPort.postMessage({ error: { code: error.code, message: error.stack } });
  }
});
