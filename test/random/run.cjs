// Drives the whole public API by chance, from a seed: run.cjs <seed> <steps> <faults>. scripts/test-random.mjs calls it.
'use strict';

const { openSync, readSync, writeSync } = require('node:fs');

const offheap = require('../../dist');
const { operations } = require('./operations.cjs');
const { endRecords } = require('./records.cjs');
const { assert, World } = require('./world.cjs');

const [seed, steps, permille] = process.argv.slice(2).map(Number);
const ALL = permille;
/** Constants and errors: nothing to drive. */
const NOT_DRIVEN = new Set(['GiB', 'KiB', 'MiB', 'OffheapError', 'OffheapSystemError']);

const faults = process.env.OFFHEAP_FAULTS ? openSync(process.env.OFFHEAP_FAULTS, 'r+') : null;

/** So many of 1000 calls to the system are refused from now on. */
function refuse(count) {
  if (faults !== null) {
    writeSync(faults, new Uint8Array(Uint32Array.of(count).buffer), 0, 4, 0);
  }
}

function refusedBySystem() {
  const bytes = new Uint8Array(4);
  return faults === null ? 0 : (readSync(faults, bytes, 0, 4, 8), new Uint32Array(bytes.buffer)[0]);
}

function checkIsComplete() {
  const driven = new Set(operations.flatMap(({ name }) => name.split(' ')));
  const source = operations.map(({ run }) => String(run)).join();
  const missing = Object.keys(offheap).filter(
    (name) => !NOT_DRIVEN.has(name) && !driven.has(name) && !source.includes(`.${name}`),
  );
  assert.deepEqual(
    missing,
    ['channelLogger', 'streamLogger'].filter((name) => missing.includes(name)),
    'not driven',
  );
}

async function settle() {
  for (let i = 0; i < 5; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function main() {
  checkIsComplete();
  const world = new World(seed);
  const total = operations.reduce((sum, { weight }) => sum + weight, 0);
  offheap.memoryUsage(); // loads the addon, which finds out what the system can do
  const sizes = [];
  let step = 0;
  let name = '';
  try {
    for (; step < steps; step++) {
      if (step % 1000 === 0) {
        refuse(world.random.oneIn(3) ? 0 : ALL);
      }
      let rest = world.random.below(total);
      const operation = operations.find(({ weight }) => (rest -= weight) < 0);
      name = operation.name;
      const pending = operation.run(world);
      if (pending instanceof Promise) {
        await pending;
      }
      if (step % Math.ceil(steps / 60) === 0) {
        await settle();
        sizes.push(process.memoryUsage.rss() - offheap.memoryUsage().resident);
      }
    }
    name = 'the end';
    refuse(0);
    offheap.setMemoryLimit(Infinity);
    world.terminated += world.workers.length;
    await Promise.all(world.workers.map((worker) => worker.terminate()));
    world.stale = [];
    [...world.holders].forEach((holder) => world.end(holder));
    world.workers = [];
    endRecords();
    [...offheap.arenaPools].forEach(([, pool]) => pool.dispose());
    await checkEnd(world.terminated);
  } catch (error) {
    console.error(`seed ${seed}, step ${step}, ${name}:\n${error.stack}\nBefore that:\n  ${world.log.join('\n  ')}`);
    process.exit(1);
  }
  // Without what is counted, so that what is left is the runtime's, and a leak.
  const third = Math.floor(sizes.length / 3);
  const median = (some) => some.sort((a, b) => a - b)[some.length >> 1];
  const [early, late] = [median(sizes.slice(third, 2 * third)), median(sizes.slice(-third))];
  const report = `refused ${world.refused}, by the system ${refusedBySystem()}; ${(early / 2 ** 20).toFixed(0)} MiB, then ${(late / 2 ** 20).toFixed(0)} MiB`;
  console.log(`seed ${seed}: ${steps} steps; ${report}`);
  if (late > 1.2 * early + 16 * 2 ** 20) {
    console.error('The resident size has not stayed level');
    process.exit(1);
  }
  process.exit(0);
}

/** Everything works again, and nothing is left. */
async function checkEnd(terminated) {
  // What a worker was exposing when it was struck stays mapped for good.
  const leftByWorkers = 8 * offheap.MiB * terminated;
  const arena = new offheap.BumpArenaLazy(64 * offheap.MiB);
  assert.equal(arena.alloc(32 * offheap.MiB).length, 32 * offheap.MiB);
  arena.dispose();
  for (let i = 0; i < 100; i++) {
    await settle();
    const { reserved, retired } = offheap.memoryUsage();
    if (reserved === 0 && retired <= leftByWorkers) {
      return;
    }
  }
  assert.fail(`left behind: ${JSON.stringify(offheap.memoryUsage())}`);
}

main();
