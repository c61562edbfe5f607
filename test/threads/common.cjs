// What the tests' threads and the main thread have in common.
'use strict';

const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collectGarbage = globalThis.gc ?? globalThis.Bun?.gc.bind(undefined, true) ?? runInNewContext('gc');

/** Whole numbers below what is asked for, the same ones for the same seed. */
function random(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/** What a thread's block with this number is full of. */
function patternOf(thread, index) {
  return Buffer.of(index & 255, 0x80 | thread, (index >> 8) & 255, (index >> 16) & 255);
}

/** Fills a block that nobody has written to before. */
function fill(block, thread, index) {
  for (let at = 0; at < block.length; at += 997) {
    if (block[at] !== 0) {
      throw new Error(`Byte ${at} of a new block at ${block.byteOffset} is ${block[at]}`);
    }
  }
  block.fill(patternOf(thread, index));
}

/** Waits, without letting anything else run, until all threads that share a gate have come to it. */
function spin(gate) {
  if (gate !== undefined) {
    const [missing, deadline] = [new Int32Array(gate), Date.now() + 30_000];
    Atomics.sub(missing, 0, 1);
    while (Atomics.load(missing, 0) > 0) {
      if (Date.now() > deadline) {
        throw new Error('The others have not come');
      }
    }
  }
}

module.exports = { collectGarbage, fill, patternOf, random, spin };
