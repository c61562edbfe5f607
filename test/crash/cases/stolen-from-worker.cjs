// a worker's buffers are transferred to the main thread, which goes on using them when the worker is gone
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { setInterval } = require('node:timers');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { BumpArenaLazy, CAN_TRANSFER, collect, KiB, MiB, run, sleep, touch } = require('../support.cjs');

const SIZE = 300 * KiB;

/** Each gets the block to the main thread with its memory, where the runtime can, and not with a copy. */
const ways = {
  transfer(arena, block) {
    const moved = CAN_TRANSFER ? arena.buffer.transfer() : block.buffer;
    post(new Uint8Array(moved, block.byteOffset, SIZE), [moved]);
  },
  post(arena, block) {
    post(block, [arena.buffer]);
  },
  clone(arena, block) {
    let taken = block;
    try {
      taken = structuredClone(block, { transfer: [arena.buffer] });
    } catch {
      // Node 22 and later refuse.
    }
    post(taken, []);
  },
  async stream(arena, block) {
    const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(block) });
    const { value } = await stream.getReader().read();
    post(value, [value.buffer]);
  },
  async byobReader(arena, block) {
    const stream = new ReadableStream({
      type: 'bytes',
      pull: (controller) => {
        controller.byobRequest.view.fill(0x5a);
        controller.byobRequest.respond(SIZE);
      },
    });
    const { value } = await stream.getReader({ mode: 'byob' }).read(block);
    post(value, [value.buffer]);
  },
};

function post(view, transfer) {
  try {
    parentPort.postMessage(view, transfer);
  } catch {
    parentPort.postMessage(view);
  }
}

const before = {
  nothing: () => {},
  // The exposure that is taken is not the newest one then, or not the only one over its memory.
  grow: (arena) => arena.alloc(MiB).fill(1),
  renew: (arena) => arena.renew(),
  reset: (arena) => arena.reset(),
};

const after = {
  nothing: () => {},
  use: (arena) => arena.alloc(SIZE).fill(1),
  reset: (arena) => arena.reset(),
  dispose: (arena) => arena.dispose(),
};

async function work({ end }) {
  const arenas = [];
  for (const way of Object.values(ways)) {
    for (const prepare of Object.values(before)) {
      for (const follow of Object.values(after)) {
        const arena = new BumpArenaLazy(4 * MiB);
        arena.alloc(KiB).fill(1);
        prepare(arena);
        await way(arena, arena.alloc(SIZE).fill(0x5a));
        follow(arena);
        arenas.push(arena);
      }
    }
  }
  if (end.collected) {
    gc();
  }
  parentPort.postMessage(null);
  if (end.terminated) {
    setInterval(() => arenas, 1000);
  }
}

async function main() {
  for (const end of [{ terminated: true }, { terminated: false }, { terminated: true, collected: true }]) {
    const worker = new Worker(module.filename, { workerData: { end } });
    const views = [];
    worker.on('message', (message) => {
      if (message !== null) {
        views.push(message);
      } else if (end.terminated) {
        worker.terminate();
      }
    });
    await once(worker, 'exit');
    assert.equal(views.length, Object.keys(ways).length * Object.keys(before).length * Object.keys(after).length);
    for (let round = 0; round < 5; round++) {
      await collect(1);
      views.forEach(touch);
      await sleep(10);
    }
    // What the worker's arenas went on to do has left the contents alone or zeroed, in whole pages.
    views.splice(0, views.length / 2);
    await collect();
    views.forEach(touch);
    for (const view of views) {
      view.fill(0xa5);
    }
    await collect();
    for (const view of views) {
      assert.ok(view.every((byte) => byte === 0xa5));
    }
  }
}

if (isMainThread) {
  run(main);
} else {
  work(workerData);
}
