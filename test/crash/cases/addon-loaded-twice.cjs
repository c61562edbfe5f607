// the addon is loaded more than once in one environment, with exposures of each alive when a worker ends
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setInterval } = require('node:timers');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { collect, GiB, KiB, MiB, run, touch } = require('../support.cjs');

const ROOT = path.join(__dirname, '../../..');

/** The package once more, under another path. */
function copyPackage(target) {
  fs.cpSync(path.join(ROOT, 'dist'), path.join(target, 'dist'), { recursive: true });
  fs.mkdirSync(path.join(target, 'build/Release'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'build/Release/offheap.node'), path.join(target, 'build/Release/offheap.node'));
  return path.join(target, 'dist/index.js');
}

function loadAgain(file) {
  for (const key of Object.keys(require.cache)) {
    if (/dist[\\/].*\.js$|offheap\.node$/.test(key)) {
      delete require.cache[key];
    }
  }
  return require(file);
}

/** Five copies of every class, over three loads of one binary and one load each of two others. */
function use(copies) {
  const original = path.join(ROOT, 'dist/index.js');
  const files = [original, copies[0], original, copies[1], original];
  const packages = files.map(loadAgain);
  assert.equal(new Set(packages.map((copy) => copy.BumpArenaLazy)).size, files.length);
  const arenas = [];
  const blocks = [];
  for (let i = 0; i < 50; i++) {
    const arena = new packages[i % files.length].BumpArenaLazy(GiB);
    const block = arena.alloc(100 * KiB).fill(i);
    blocks.push(block);
    arenas.push(arena);
    if (i % 4 === 1) {
      arena.renew();
    } else if (i % 4 === 2) {
      arena.dispose();
    } else if (i % 4 === 3) {
      arena.alloc(MiB).fill(i);
    }
  }
  return { arenas, blocks };
}

async function work({ copies, waits }) {
  globalThis.kept = use(copies);
  await collect(1);
  parentPort.postMessage(globalThis.kept.blocks[0]);
  if (waits) {
    setInterval(() => {}, 1000);
  }
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'offheap-crash-'));
  try {
    const copies = ['a', 'b'].map((name) => copyPackage(path.join(folder, name)));
    for (let i = 0; i < 6; i++) {
      const worker = new Worker(module.filename, { workerData: { copies, waits: i % 2 === 0 } });
      const exit = once(worker, 'exit');
      await once(worker, 'message');
      if (i % 2 === 0) {
        await worker.terminate();
      }
      await exit;
    }
    const { arenas, blocks } = use(copies);
    arenas.length = 0;
    await collect();
    blocks.forEach(touch);
    const crossed = use(copies);
    // One copy's methods on another copy's arenas: private fields refuse them.
    const { alloc } = Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(crossed.arenas[0])));
    assert.throws(() => alloc.call(crossed.arenas[1], 64), TypeError);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

if (isMainThread) {
  run(main);
} else {
  work(workerData);
}
