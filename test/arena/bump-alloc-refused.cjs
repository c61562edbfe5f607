// Takes addresses, or writable memory, away from its own process by `prlimit`, and gives them back: what a BumpAlloc is refused
// must cost nothing, and the same BumpAlloc must work once there is room again.
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { performance } = require('node:perf_hooks');

const { BumpAlloc, GiB, memoryUsage, MiB, struct, u32 } = require('../../dist');

const Point = struct({ x: u32, y: u32 });

/** Leaves so much more than there is. The hard limit stays as it is, so that the soft one can go up again. */
function limit(resource, spare) {
  const field = { as: 'VmSize', data: 'VmData' }[resource];
  const [, used] = new RegExp(`${field}:\\s*(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'));
  set(resource, spare === Infinity ? 'unlimited' : Number(used) * 1024 + spare);
}

function set(resource, bytes) {
  const { status, stderr } = spawnSync('prlimit', ['--pid', `${process.pid}`, `--${resource}=${bytes}:`]);
  if (status !== 0) {
    throw new Error(`prlimit: ${stderr}`);
  }
}

function stateOf(alloc) {
  const { reserved, committed } = memoryUsage().kinds.bumpAlloc;
  return [alloc.allocated, alloc.remaining, reserved, committed];
}

/** What a use answers or throws, how long it takes at most, and whether it has changed anything. */
function tried(alloc, uses) {
  const before = stateOf(alloc).join();
  const answers = [];
  let slowest = 0;
  for (const use of [...uses, ...uses]) {
    const start = performance.now();
    try {
      answers.push(use());
    } catch ({ code, syscall, errno, message }) {
      answers.push([code, syscall, errno, message]);
    }
    slowest = Math.max(slowest, performance.now() - start);
  }
  return { answers, slowest, changed: stateOf(alloc).join() !== before };
}

const refusals = {
  reserve() {
    const alloc = BumpAlloc.withSize(4 * GiB);
    const { handle } = alloc;
    limit('as', 256 * MiB);
    const refused = tried(alloc, [
      () => alloc.alloc(8),
      () => alloc.allocZeroed(1 * GiB),
      () => alloc.allocOffset(24),
      () => alloc.allocArray(Float64Array, 5),
      () => alloc.place(Point, { x: 1 }),
      () => alloc.realloc(alloc.alloc(0), 5),
      () => BumpAlloc.attach(handle).alloc(8),
    ]);
    const small = BumpAlloc.withSize(1 * MiB).alloc(8).length;
    limit('as', Infinity);
    const first = alloc.alloc(8).fill(7);
    const rest = [first.byteOffset, alloc.allocOffset(2 * GiB), BumpAlloc.attach(handle).bytesAt(0, 1)[0]];
    return { refused, small, rest, allocated: alloc.allocated };
  },

  commit() {
    const alloc = BumpAlloc.withSize(4 * GiB);
    alloc.alloc(10 * MiB);
    limit('data', 320 * MiB);
    let taken = 0;
    while (taken < 200 && alloc.alloc(1 * MiB) !== null) {
      taken++;
    }
    const last = alloc.alloc(16).fill(7);
    const refused = tried(alloc, [
      () => alloc.alloc(1 * GiB),
      () => alloc.allocZeroed(1 * GiB, 4096),
      () => alloc.allocOffset(3 * GiB),
      () => alloc.allocArray(Float64Array, (1 * GiB) / 8),
      () => alloc.realloc(last, 1 * GiB),
      () => alloc.realloc(alloc.bytesAt(0, 8), 1 * GiB),
    ]);
    const next = alloc.alloc(16);
    const isNext = next.byteOffset === last.byteOffset + 16;
    const intact = last.every((byte) => byte === 7);
    limit('data', Infinity);
    const large = alloc.realloc(next, 1 * GiB);
    return { taken, refused, isNext, intact, growsInPlace: large.byteOffset === next.byteOffset };
  },
};

console.log(JSON.stringify(refusals[process.argv[2]]()));
