// workers are terminated in the middle of allocating from memory that all threads share
'use strict';

const assert = require('node:assert/strict');
const { isMainThread, Worker, workerData } = require('node:worker_threads');
const {
  BumpAlloc,
  collectUntil,
  KiB,
  memoryUsage,
  MiB,
  PATIENCE,
  run,
  seededRandom,
  sleep,
} = require('../support.cjs');
const addon = require('../../../build/Release/offheap.node');

const ROUNDS = 24;
const GIGANTIC = 2 ** 52;
/** What each worker fills of the memory that lasts, at most. */
const SHARE = 4 * MiB;

/** A block that the worker has filled, told to the main thread only then: of a kill in the middle it hears nothing. */
function publish({ offsets, count }, block) {
  const index = Atomics.load(count, 0);
  if (index < offsets.length) {
    offsets[index] = block.byteOffset;
    Atomics.store(count, 0, index + 1);
  }
}

const work = {
  small(alloc, published, number) {
    for (let used = 0; ; used += 100) {
      const block = used < SHARE ? alloc.alloc(100) : null;
      block === null ? alloc.alloc(GIGANTIC) : publish(published, block.fill(number));
    }
  },
  large(alloc, published, number) {
    for (let used = 0; ; used += 100 * KiB) {
      const block = used < SHARE ? alloc.alloc(100 * KiB, 2 ** 14) : null;
      block === null ? alloc.allocOffset(GIGANTIC) : publish(published, block.fill(number));
    }
  },
  growth(alloc) {
    for (;;) {
      const own = BumpAlloc.withSize(64 * MiB);
      for (let size = 1; size < 4 * MiB; size *= 3) {
        own.alloc(size)[size - 1] = 1;
      }
      own.realloc(own.alloc(10), 100);
      alloc.bytesAt(0, 1);
    }
  },
  attach(_alloc, _published, _number, handle) {
    for (;;) {
      const native = addon.attach(handle.id);
      native.reserve();
      native.commit(64 * KiB);
      native.expose(64 * KiB);
      native.take(native.taken() - 8, native.taken());
      native.resident();
      BumpAlloc.attach(handle).buffer;
    }
  },
  handle() {
    for (;;) {
      const own = BumpAlloc.withSize(MiB);
      BumpAlloc.attach(own.handle).alloc(8).fill(1);
      new BumpAlloc().handle;
    }
  },
};

/** Blocks of the main thread, each with a byte of its own. */
class Own {
  #blocks = [];

  constructor(alloc) {
    this.alloc = alloc;
  }

  add(size) {
    const block = this.alloc.alloc(size);
    assert.equal(block?.length, size);
    this.#blocks.push(block.fill(this.#blocks.length));
  }

  check() {
    this.#blocks.forEach((block, i) => {
      assert.ok(
        block.every((byte) => byte === (i & 255)),
        `block ${i} at ${block.byteOffset} has been changed`,
      );
    });
  }
}

function check(alloc, { count, offsets, kind }, number) {
  const size = kind === 'small' ? 100 : 100 * KiB;
  for (let i = 0; i < Atomics.load(count, 0); i++) {
    const bytes = alloc.bytesAt(offsets[i], size);
    assert.ok(
      bytes.every((byte) => byte === number),
      `block ${i} of worker ${number}`,
    );
  }
}

async function main() {
  const random = seededRandom();
  const alloc = new BumpAlloc();
  const own = new Own(alloc);
  own.add(10);
  const all = [];
  for (let round = 0; round < ROUNDS; round++) {
    const workers = [0, 1].map(() => {
      const kind = random.pick(Object.keys(work));
      const published = {
        kind,
        offsets: new Float64Array(new SharedArrayBuffer(8 * 10_000)),
        count: new Int32Array(new SharedArrayBuffer(4)),
        started: new Int32Array(new SharedArrayBuffer(4)),
      };
      const number = all.push(published);
      return new Worker(module.filename, { workerData: { kind, published, number, handle: alloc.handle } });
    });
    // On a busy machine a worker takes a while to begin; one that is ended before that shows nothing.
    const deadline = performance.now() + 10_000 * PATIENCE;
    while (all.slice(-2).some(({ started }) => Atomics.load(started, 0) === 0)) {
      assert.ok(performance.now() < deadline, 'a worker has not begun');
      own.add(10);
      await sleep(1);
    }
    const end = performance.now() + random.below(40);
    while (performance.now() < end) {
      own.add(1 + random.below(1000));
      await sleep(random.below(2));
    }
    const ended = Promise.all(workers.map((worker) => worker.terminate()));
    own.add(100 * KiB);
    await ended;
    own.add(1000);
    own.check();
  }
  all.forEach((published, i) => check(alloc, published, i + 1));
  assert.ok(all.some(({ count }) => count[0] > 0));
  own.check();

  await collectUntil('what the workers had for themselves is given back', () => {
    return memoryUsage().reserved < alloc.capacity + 4 * MiB;
  });
  own.add(100 * MiB);
  own.check();
}

if (isMainThread) {
  run(main);
} else {
  const { kind, published, number, handle } = workerData;
  const alloc = BumpAlloc.attach(handle);
  Atomics.store(published.started, 0, 1);
  work[kind](alloc, published, number, handle);
}
