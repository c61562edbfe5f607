// What workers get, nested ones too, and what the main thread sees of it. The first argument says what is tried.
'use strict';

const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

const { BumpAlloc, memoryUsage, MiB } = require('offheap');
const { isRouted, isZero, offsetOf, overlaps, print } = require('./common.cjs');

const WORKER = require.resolve('./worker.cjs');
const FLAGS = ['--import', 'offheap/global'];
const GLOBAL = 'offheap/global';
const SIZES = Array.from({ length: 200 }, (_, i) => 1 + ((i * 7919) % 20_000));
const reserved = () => memoryUsage().kinds.bumpAlloc.reserved;

/** A worker, and what it and those it has started have said. */
async function start(workerData, options = {}) {
  const worker = new Worker(WORKER, { workerData, ...options });
  const messages = [];
  for (let i = 0; i <= (workerData?.nested ?? 0); i++) {
    messages.push((await once(worker, 'message'))[0]);
  }
  return { worker, messages };
}

async function routedIn(options, workerData) {
  const { worker, messages } = await start(workerData, options);
  await worker.terminate();
  return messages.map(({ routed }) => routed);
}

const trials = {
  /** By flags alone. */
  async flags() {
    const first = Buffer.allocUnsafe(100);
    const before = reserved();
    const started = await Promise.all(
      [1, 2, 3].map((mark) => start({ mark, sizes: SIZES, nested: mark === 1 ? 2 : 0 })),
    );
    const messages = started.flatMap((each) => each.messages);
    const own = SIZES.map((size) => Buffer.allocUnsafe(size));
    const ranges = [first, ...own].map((buffer) => [offsetOf(buffer), buffer.length]);
    const all = messages.flatMap((each) => each.ranges).concat(ranges);
    const once = reserved() === before;
    await Promise.all(started.map(({ worker }) => worker.terminate()));
    return {
      routed: messages.map(({ routed }) => routed),
      zero: messages.every(({ zero }) => zero) && own.every(isZero),
      overlaps: overlaps(all),
      once,
    };
  },

  /** With a BumpAlloc in which the main thread sees what the others have written. */
  async account() {
    const alloc = BumpAlloc.withSize(64 * MiB);
    require(GLOBAL).installGlobal(alloc);
    const execArgv = FLAGS;
    const started = await Promise.all([1, 2].map((mark) => start({ mark, sizes: SIZES, nested: 1 }, { execArgv })));
    const byHand = await start({ mark: 5, sizes: SIZES, nested: 1, before: GLOBAL }, { execArgv: [] });
    const messages = [...started, byHand].flatMap((each) => each.messages);
    const ranges = messages.flatMap((each) => each.ranges);
    const sum = ranges.reduce((bytes, [, length]) => bytes + length, 0);
    const wrong = ranges.filter(
      ([offset, length, mark]) => !alloc.bytesAt(offset, length).equals(Buffer.alloc(length, mark)),
    );
    const { allocated } = alloc;
    await Promise.all([...started, byHand].map(({ worker }) => worker.terminate()));
    return {
      routed: messages.map(({ routed }) => routed),
      overlaps: overlaps(ranges),
      wrong: wrong.length,
      accounted: allocated >= sum && allocated < 1.25 * sum + messages.length * MiB, // a slab is left unfinished
      kept: alloc.allocated === allocated,
    };
  },

  /** Installed, uninstalled, and installed again, with workers by all ways. */
  async switched() {
    const { installGlobal, uninstall } = require(GLOBAL);
    const all = async () => [
      ...(await routedIn({ execArgv: FLAGS })),
      ...(await routedIn({ execArgv: ['-r', GLOBAL] })),
      ...(await routedIn({ execArgv: [] })),
      ...(await routedIn({ execArgv: [] }, { before: GLOBAL })),
    ];
    const installed = await all();
    uninstall();
    const uninstalled = await all();
    const main = isRouted();
    installGlobal();
    return { installed, uninstalled, main, again: await all() };
  },

  /** A worker that is no file. */
  async fromText() {
    const code = `require('node:worker_threads').parentPort.postMessage(Buffer.allocUnsafe(70001).buffer.byteLength > 70001)`;
    const [routed] = await once(new Worker(code, { eval: true }), 'message');
    return routed;
  },

  /** A worker that is running when the main thread uninstalls. */
  async runningOn() {
    const { worker, messages } = await start({ sizes: SIZES });
    require(GLOBAL).uninstall();
    for (let i = 0; i < 3; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    worker.postMessage('more');
    const [[{ routed, zero }], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    return { before: messages[0].routed, after: routed, zero, code };
  },

  /** Workers that are ended in the middle of making Buffers. */
  async terminated() {
    const alloc = BumpAlloc.withSize(512 * MiB);
    require(GLOBAL).installGlobal(alloc);
    const own = [];
    for (let i = 0; i < 12; i++) {
      const { worker } = await start({ forever: true, nested: 0 });
      await new Promise((resolve) => setTimeout(resolve, i));
      own.push(...SIZES.map((size) => Buffer.allocUnsafe(size)));
      await worker.terminate();
      own.push(...SIZES.map((size) => Buffer.allocUnsafe(size)));
    }
    const ours = own.filter((each) => alloc.owns(each)).length;
    const ranges = own.map((buffer) => [offsetOf(buffer), buffer.length]);
    return { ours: ours / own.length, zero: own.every(isZero), overlaps: overlaps(ranges) };
  },

  /** Workers that inherit what is gone when they look for it. */
  async gone() {
    const { installGlobal, uninstall } = require(GLOBAL);
    const outcomes = [];
    for (let i = 0; i < 5; i++) {
      installGlobal(BumpAlloc.withSize(1 * MiB));
      const worker = new Worker(WORKER, { execArgv: FLAGS });
      uninstall();
      gc();
      setImmediate(() => gc());
      const outcome = once(worker, 'message').then(
        () => 'started',
        ({ code }) => code,
      );
      outcomes.push(await outcome);
    }
    return outcomes;
  },
};

trials[process.argv[2]]().then(print);
