// ArrayBuffers over shared memory are taken away by streams, transfers and clones, in every thread, and blocks stay intact
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { setInterval } = require('node:timers');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { BumpAlloc, CAN_TRANSFER, collect, KiB, MiB, run, sleep } = require('../support.cjs');

// Small, since a clone copies the whole ArrayBuffer.
const SIZE = 10 * KiB;
const BYTE = 0x5a;

/** Each takes the ArrayBuffer of a block away, where the runtime can, and answers a view on the block's bytes or a copy. */
const ways = {
  transfer: (alloc, block) => {
    const { byteOffset } = block;
    return CAN_TRANSFER ? new Uint8Array(block.buffer.transfer(), byteOffset, SIZE) : Uint8Array.from(block);
  },
  clone: (alloc, block) => {
    try {
      return structuredClone(block, { transfer: [block.buffer] });
    } catch {
      return Uint8Array.from(block); // Node 22 and later refuse
    }
  },
  async stream(alloc, block) {
    const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(block) });
    return (await stream.getReader().read()).value;
  },
  async byobReader(alloc, block) {
    const stream = new ReadableStream({
      type: 'bytes',
      pull: (controller) => {
        controller.byobRequest.view.fill(BYTE);
        controller.byobRequest.respond(SIZE);
      },
    });
    return (await stream.getReader({ mode: 'byob' }).read(block)).value;
  },
  detach: (alloc, block) => {
    const copy = Uint8Array.from(block);
    if (CAN_TRANSFER) {
      block.buffer.transfer(0);
    }
    return copy;
  },
};

const after = {
  nothing: () => {},
  small: (alloc) => assert.equal(alloc.alloc(10)?.length, 10),
  zeroed: (alloc) => assert.ok(alloc.allocZeroed(3 * SIZE)?.every((byte) => byte === 0)),
  array: (alloc) => assert.equal(alloc.allocArray(Float64Array, 100)?.[99], 0),
  grow: (alloc) => {
    const size = alloc.buffer.byteLength + 1;
    assert.equal(size > MiB ? 0 : alloc.alloc(size)?.at(-1), 0);
  },
  realloc: (alloc) => {
    const block = alloc.alloc(100).fill(1);
    alloc.realloc(block, 200);
  },
  drop: () => gc(),
};

/** Blocks whose offsets stay good whatever happens to ArrayBuffers. */
class Intact {
  #blocks = [];

  constructor(alloc) {
    this.alloc = alloc;
  }

  add(number) {
    for (const size of [1, 1000, 17 * KiB]) {
      const block = this.alloc.alloc(size).fill(number);
      this.#blocks.push([this.alloc.offsetOf(block), size, number]);
    }
  }

  check() {
    for (const [offset, size, number] of this.#blocks) {
      assert.ok(
        this.alloc.bytesAt(offset, size).every((byte) => byte === number),
        `${size} bytes at ${offset}`,
      );
    }
  }
}

/** All ways, each followed by all uses. */
async function steal(alloc, number, onView) {
  const intact = new Intact(alloc);
  for (const way of Object.values(ways)) {
    for (const follow of Object.values(after)) {
      intact.add(number);
      const view = await way(alloc, alloc.alloc(SIZE).fill(BYTE));
      assert.ok(view.every((byte) => byte === BYTE));
      follow(alloc);
      onView(view);
      intact.check();
    }
  }
}

/** Posts a view with the memory it lies on, where the runtime lets go of that, or a copy. */
function post(port, view) {
  try {
    port.postMessage(view, [view.buffer]);
  } catch {
    port.postMessage(Uint8Array.from(view));
  }
}

async function work({ handle, number, end }) {
  const alloc = BumpAlloc.attach(handle);
  parentPort.on('message', (view) => {
    view.fill(number);
    post(parentPort, view.fill(BYTE));
  });
  globalThis.kept = [];
  await steal(alloc, number, (view) => {
    number % 2 === 0 ? post(parentPort, view) : globalThis.kept.push(view);
  });
  if (end === 'collected') {
    gc();
  }
  parentPort.postMessage(null);
  if (end === 'returned') {
    parentPort.close();
  } else {
    setInterval(() => alloc, 1000);
  }
}

async function main() {
  for (const end of ['terminated', 'collected', 'returned']) {
    await stealWithWorkers(end);
    await collect();
  }
}

async function stealWithWorkers(end) {
  const alloc = BumpAlloc.withSize(64 * MiB);
  const intact = new Intact(alloc);
  intact.add(100);
  const views = [];
  const workers = [2, 3].map((number) => {
    const worker = new Worker(module.filename, { workerData: { handle: alloc.handle, number, end } });
    worker.on('message', (message) => {
      message === null ? end !== 'returned' && worker.terminate() : views.push(message);
    });
    return worker;
  });
  const exits = workers.map((worker) => once(worker, 'exit'));
  const online = workers.map((worker) => once(worker, 'online'));
  // What was taken away here goes on to a worker, and comes back from there.
  await Promise.all(online);
  for (const worker of workers) {
    post(worker, await ways.stream(alloc, alloc.alloc(SIZE).fill(BYTE)));
    intact.add(102);
  }
  await steal(alloc, 101, (view) => views.push(view));
  await Promise.all(exits);
  await collect(2);
  intact.check();
  assert.ok(views.every((view) => view.every((byte) => byte === BYTE)));

  views.splice(0, views.length / 2);
  await collect();
  for (const view of views) {
    view.fill(7);
  }
  await sleep(10);
  await collect();
  assert.ok(views.every((view) => view.every((byte) => byte === 7)));
  intact.check();
  assert.equal(alloc.alloc(MiB)?.length, MiB);
}

if (isMainThread) {
  run(main);
} else {
  work(workerData);
}
