// Makes more than there is room for. The first argument says how.
'use strict';

const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { isMainThread, parentPort, Worker } = require('node:worker_threads');

const { isRouted, outcome, print } = require('./common.cjs');

// So that small ones of Node's own have an ArrayBuffer each, too, by which they are told from those that are routed.
Buffer.poolSize = 0;

const KiB = 1024;
const COUNT = 300;

/** Buffers by either function, each with other bytes, and how many of them hold them in the end. */
function fill(size) {
  const part = Buffer.alloc(size / 2, 5);
  const buffers = Array.from({ length: COUNT }, (_, i) =>
    i % 2 === 0 ? Buffer.allocUnsafe(size) : Buffer.concat([part, part]),
  );
  const joined = buffers.filter((buffer, i) => i % 2 === 0 || buffer.every((byte) => byte === 5)).length;
  buffers.forEach((buffer, i) => buffer.fill(i));
  const intact = buffers.filter((buffer, i) => buffer.equals(Buffer.alloc(size, i))).length;
  return { right: joined === COUNT && intact === COUNT, routed: buffers.filter((buffer) => isRouted(buffer)).length };
}

/** Takes addresses away from this process, but for some. */
function limitAddresses(spare) {
  const [, used] = /VmSize:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  const { status, stderr } = spawnSync('prlimit', ['--pid', `${process.pid}`, `--as=${used * KiB + spare}:`]);
  if (status !== 0) {
    throw new Error(`prlimit: ${stderr}`);
  }
}

const ways = {
  alone: () => fill(16 * KiB),

  smaller() {
    Buffer.allocUnsafe(100); // begins a slab
    const routed = (size, count) => Array.from({ length: count }, () => isRouted(Buffer.allocUnsafe(size)));
    return {
      large: routed(300 * KiB, 4),
      middle: routed(200 * KiB, 1),
      small: routed(80 * KiB, 2),
      last: routed(2 * KiB, 1),
    };
  },

  async threads() {
    const workers = Array.from({ length: 3 }, () => new Worker(module.filename, { argv: ['thread'] }));
    const own = fill(16 * KiB);
    const messages = await Promise.all(
      workers.map(async (worker) => {
        const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
        return message;
      }),
    );
    const all = [own, ...messages];
    return { right: all.every(({ right }) => right), routed: all.reduce((sum, { routed }) => sum + routed, 0) };
  },

  thread: () => fill(16 * KiB),

  /** Not by --import: what comes before the limit would have the memory reserved already. */
  addresses() {
    limitAddresses(400 * 2 ** 20);
    require('offheap/global');
    return fill(16 * KiB);
  },

  /** As if the system had no memory: it refuses every commit. */
  memory() {
    const addon = require('../../../build/Release/offheap.node');
    Object.getPrototypeOf(addon.share('0'.repeat(32), 1)).commit = () => 12;
    require('offheap/global');
    return fill(16 * KiB);
  },

  /** Ends in the turn in which it is full, so that Node.js does not get around to warning. */
  ending() {
    fill(16 * KiB);
    print({});
    process.exit();
  },

  /** What nobody could have has not to do with how much there is. */
  impossible() {
    const sizes = [2 ** 60, 2 ** 53, 2 ** 53 - 1, Infinity, -1, NaN, '5'];
    const tried = (use) => sizes.map((size) => outcome(() => use(size)) instanceof Buffer);
    const served = [...tried(Buffer.allocUnsafe), ...tried((size) => Buffer.concat([Buffer.alloc(1)], size))].includes(
      true,
    );
    return { served, routed: isRouted() };
  },
};

process.on(
  'warning',
  ({ name, code }) => (process.exitCode ??= Number(name !== 'OffheapWarning' || code !== 'OFFHEAP_GLOBAL')),
);

(async () => {
  const answer = await ways[process.argv[2]]();
  if (isMainThread) {
    print(answer);
  } else {
    parentPort.postMessage(answer);
  }
})();
