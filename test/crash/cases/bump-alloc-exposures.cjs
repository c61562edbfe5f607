// workers attach to memory that grows, and end in every order; it lasts as long as a view on it does
'use strict';

const assert = require('node:assert/strict');
const { setFlagsFromString } = require('node:v8');
const { once } = require('node:events');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { BumpAlloc, collect, collectUntil, KiB, memoryUsage, MiB, run, seededRandom } = require('../support.cjs');

const ENDS = ['terminate', 'exit', 'return', 'collect'];
const SIZES = [8, 1000, 100 * KiB, 300 * KiB, 2 * MiB];

const use = () => memoryUsage().kinds.bumpAlloc;

/** Grows the memory, and keeps all views or only some of the ArrayBuffers that were in use. */
function grow(alloc, number, kept) {
  const blocks = [];
  for (const size of SIZES) {
    const block = alloc.alloc(size).fill(number);
    blocks.push([alloc.offsetOf(block), size]);
    if (number % 2 === 0) {
      kept.push(block);
    }
  }
  return blocks;
}

function work({ handle, number }) {
  let alloc = BumpAlloc.attach(handle);
  const kept = [];
  parentPort.postMessage(grow(alloc, number, kept));
  parentPort.on('message', (end) => {
    switch (end) {
      case 'drop': // The view stays, and the allocator does not.
        kept.push(alloc.bytesAt(0, 1));
        alloc = null;
        gc();
        parentPort.postMessage('dropped');
        break;
      case 'check':
        parentPort.postMessage(kept.every((block) => block[0] === number || block.length === 1));
        break;
      case 'collect':
        collect().then(() => process.exit());
        break;
      case 'collect at once':
        gc();
        process.exit();
        break;
      case 'exit':
        process.exit();
        break;
      case 'return':
        parentPort.close();
    }
  });
}

async function ask(worker, message) {
  worker.postMessage(message);
  const [answer] = await once(worker, 'message');
  return answer;
}

async function end(worker, how) {
  const exit = once(worker, 'exit');
  how === 'terminate' ? worker.terminate() : worker.postMessage(how);
  await exit;
}

function check(alloc, blocks) {
  blocks.forEach((list, i) => {
    for (const [offset, size] of list) {
      const bytes = alloc.bytesAt(offset, size);
      assert.ok(
        bytes.every((byte) => byte === i + 1),
        `${size} bytes of thread ${i + 1}`,
      );
    }
  });
}

async function start(handle, number) {
  const worker = new Worker(module.filename, { workerData: { handle, number } });
  const [blocks] = await once(worker, 'message');
  return [worker, blocks];
}

/** Workers end one by one, in any order, while the main thread looks at all that they have written. */
async function endInAnyOrder(random, count, ends = ENDS) {
  const alloc = BumpAlloc.withSize(64 * MiB);
  const workers = [];
  const blocks = [];
  for (let number = 1; number <= count; number++) {
    const [worker, list] = await start(alloc.handle, number);
    workers.push(worker);
    blocks.push(list);
  }
  while (workers.length > 0) {
    const [worker] = workers.splice(random.below(workers.length), 1);
    await end(worker, random.pick(ends));
    check(alloc, blocks);
    await collect(1);
  }
  check(alloc, blocks);
}

/** The main thread keeps a view alone, while the allocator goes, here and in all workers. */
async function outlivedByViews(random) {
  const { workers, view } = await (async () => {
    const alloc = BumpAlloc.withSize(32 * MiB);
    const [one, list] = await start(alloc.handle, 1);
    const [two] = await start(alloc.handle, 2);
    const [offset, size] = list.at(-1);
    return { workers: [one, two], view: alloc.bytesAt(offset, size) };
  })();
  const isWhole = () => view.every((byte) => byte === 1);
  await ask(workers[0], 'drop');
  await collect();
  assert.ok(isWhole());
  for (const worker of workers) {
    assert.equal(await ask(worker, 'check'), true);
    await end(worker, random.pick(ENDS));
    await collect();
    assert.ok(isWhole());
  }
  await collectUntil('no thread has the allocator', () => use().reserved === 0);
  assert.ok(use().retired > 0, 'what the view lies on is retired');
  assert.ok(isWhole());
  view.fill(3);
}

async function main() {
  // Room for all garbage of a worker: what a collection finds dropped just before the end stays mapped, which is known.
  setFlagsFromString('--min-semi-space-size=16');
  const random = seededRandom();
  for (const count of [1, 2, 5, 8]) {
    await endInAnyOrder(random, count);
  }
  await collectUntil('all is given back', () => use().reserved === 0);
  for (let i = 0; i < 6; i++) {
    await outlivedByViews(random);
  }
  await collectUntil('all is given back', () => use().reserved === 0);
  await collect();
  console.error(`left: ${JSON.stringify(use())}`);
  await collectUntil('nothing is left', () => use().retired === 0 && use().resident === 0, 10_000);
  await endInAnyOrder(random, 4, ['collect at once']);
  await collectUntil('all is given back, or retired', () => use().reserved === 0);
}

if (isMainThread) {
  run(main);
} else {
  work(workerData);
}
