// Prints what the limit is, and what is had under it. The first argument says how; the second is what process.constrainedMemory()
// is to answer, where it is to be replaced.
'use strict';

const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');

const [way = 'default', constrained] = process.argv.slice(2);
if (constrained !== undefined) {
  process.constrainedMemory = constrained === 'absent' ? undefined : () => JSON.parse(constrained);
}

const {
  BumpAlloc,
  BumpArena,
  BumpArenaLazy,
  GiB,
  memoryLimit,
  memoryUsage,
  MiB,
  setMemoryLimit,
} = require('../../dist');

/** How many MiB there are for one arena, up to so many. */
function fill(most = 1000) {
  const arena = new BumpArenaLazy(2 * GiB);
  let taken = 0;
  while (taken < most && arena.alloc(MiB) !== null) {
    taken++;
  }
  return { taken, charged: memoryUsage().charged };
}

/** What a worker answers to the question in `workerData`. */
async function inWorker(question) {
  const worker = new Worker(module.filename, { workerData: question, argv: [way] });
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await exit;
  return answer;
}

const ways = {
  default() {
    const limit = memoryLimit();
    return { constrained: process.constrainedMemory?.(), limit: limit === Infinity ? 'none' : limit };
  },

  filled: () => ({ limit: memoryLimit(), ...fill() }),

  async threads() {
    setMemoryLimit(64 * MiB);
    const arena = new BumpArenaLazy(GiB);
    arena.alloc(40 * MiB);
    const worker = await inWorker('fill');
    const after = memoryUsage().charged;
    const set = await inWorker('set');
    const more = fill().taken;
    return { worker, after, set, limit: memoryLimit(), more, own: arena.used };
  },

  // A Buffer has outlived its arena, which nobody has disposed of.
  async dropped() {
    setMemoryLimit(64 * MiB);
    const kept = (() => new BumpArenaLazy(GiB).alloc(40 * MiB).fill(7))();
    const until = async (condition) => {
      for (let turn = 0; turn < 1000 && !condition(); turn++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    await until(() => memoryUsage().committed === 0);
    const { committed, charged } = memoryUsage();
    const { taken } = fill();
    const intact = kept.every((byte) => byte === 7);
    return { committed, charged, taken, intact };
  },

  // What is not counted.
  plain() {
    setMemoryLimit(0);
    const arena = new BumpArena(MiB);
    return { length: arena.alloc(MiB).length, lazy: new BumpArenaLazy(MiB).alloc(1), limit: memoryLimit() };
  },

  shared() {
    setMemoryLimit(8 * MiB);
    const alloc = BumpAlloc.withSize(GiB);
    let taken = 0;
    while (taken < 100 && alloc.alloc(MiB) !== null) {
      taken++;
    }
    const refused = [alloc.alloc(MiB), alloc.allocOffset(MiB)];
    setMemoryLimit(16 * MiB);
    return { taken, refused, next: alloc.allocOffset(MiB) / MiB };
  },

  global() {
    setMemoryLimit(8 * MiB);
    require('../../dist/global');
    const buffers = Array.from({ length: 20 }, (_, i) => Buffer.allocUnsafe(MiB).fill(i));
    return { right: buffers.every((buffer, i) => buffer.every((byte) => byte === i)), charged: memoryUsage().charged };
  },
};

async function main() {
  if (isMainThread) {
    console.log(JSON.stringify(await ways[way]()));
  } else if (workerData === 'fill') {
    parentPort.postMessage({ limit: memoryLimit(), ...fill() });
  } else {
    setMemoryLimit(128 * MiB);
    parentPort.postMessage(memoryLimit());
  }
}

main();
