// What the cases share. Every case runs in a process of its own, which must exit with 0 after saying MARKER.
'use strict';

const offheap = require('../../dist/index.js');

// Bun knows --expose-gc, but not in workers.
globalThis.gc ??= () => globalThis.Bun.gc(true);

/** What a case says at its end, so that an early exit is not taken for success. */
const MARKER = 'survived';

/** Whether `transfer()` detaches an ArrayBuffer (Node 22 and later). */
const CAN_TRANSFER = typeof ArrayBuffer.prototype.transfer === 'function';

const turn = () => new Promise((resolve) => setImmediate(resolve));
/** How many times as long as usual to wait for what is slow: under valgrind. */
const PATIENCE = Number(process.env.OFFHEAP_TEST_PATIENCE ?? 1);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Collects garbage and lets finalizers run: the first ones a turn later, those that they install a collection later. */
async function collect(times = 3) {
  for (let i = 0; i < times; i++) {
    gc();
    await turn();
    await turn();
  }
}

/** Collects garbage until `condition` holds. */
async function collectUntil(what, condition, ms = 30_000) {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`Not within ${ms} ms: ${what}. ${JSON.stringify(offheap.memoryUsage())}`);
    }
    await collect(1);
    await sleep(1);
  }
}

/** Random numbers that can be had again: the seed is printed, and taken from the environment where it is set there. */
function seededRandom() {
  let state = Number(process.env.OFFHEAP_SEED ?? Date.now() % 1_000_000) >>> 0;
  console.error(`OFFHEAP_SEED=${state}`);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (n) => Math.floor(next() * n),
    pick: (list) => list[Math.floor(next() * list.length)],
  };
}

/** Writes and reads every page of a view that may be detached by now. */
function touch(view) {
  let sum = 0;
  for (let i = 0; i < view.length; i += 4096) {
    view[i] = (view[i] + 1) & 0xff;
    sum += view[i];
  }
  return sum;
}

/** Runs a case. */
function run(main) {
  main().then(
    () => console.log(MARKER),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}

module.exports = {
  ...offheap,
  MARKER,
  CAN_TRANSFER,
  PATIENCE,
  turn,
  sleep,
  collect,
  collectUntil,
  seededRandom,
  touch,
  run,
};
