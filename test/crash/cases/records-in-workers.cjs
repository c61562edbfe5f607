// workers are terminated, or end, while they hold, fill, drop and save arenas of records
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Writable } = require('node:stream');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { BumpArenaLazy, bytes, collect, collectUntil, KiB, memoryUsage, run, seededRandom } = require('../support.cjs');
const { self, sleep, struct, text, touch, TypedArena, TypedArenaLazy, u32 } = require('../support.cjs');

const Node = struct({ id: u32, next: self, name: text, data: bytes(1 * KiB) });
const Leaf = struct({ id: u32, next: self, data: bytes(1 * KiB) });

function fill(arena, count) {
  for (let id = 0; id < count; id++) {
    arena.push({ id, name: `name ${id}`, next: id === 0 ? null : arena.at(id - 1) });
  }
  return arena;
}

const works = {
  /** Until it is terminated. */
  forever() {
    const kept = [];
    for (let i = 0; ; i++) {
      const arena = fill(new (i % 3 === 0 ? TypedArena : TypedArenaLazy)(Node, 200), 150);
      kept.push(arena.at(i % 100), arena.at(3).data);
      arena.reset();
      fill(arena, 100);
      const placing = new BumpArenaLazy(64 * KiB);
      while (placing.place(Leaf, { id: i }) !== null) {
        // until it is full
      }
      if (i % 2 === 0) {
        arena.dispose();
      }
      kept.splice(0, kept.length - 10);
    }
  },
  saving() {
    const arena = fill(new TypedArenaLazy(Node, 5000), 5000);
    const slow = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => setTimeout(done, 5) });
    arena.save(slow).catch(() => {});
    parentPort.postMessage(null);
    setTimeout(() => arena, 60_000);
  },
  dropping() {
    const drop = ({ id }) => {
      if (id === 500) {
        parentPort.postMessage(null);
      }
      for (const end = Date.now() + 1; Date.now() < end;);
    };
    fill(new TypedArenaLazy(Node, 1000, { drop }), 1000).dispose();
  },
  posting() {
    const arena = fill(new TypedArenaLazy(Node, 1000), 1000);
    arena.at(7).data.fill(0x5a);
    const { data } = arena.at(7);
    try {
      parentPort.postMessage(data, [data.buffer]);
    } catch {
      parentPort.postMessage(data);
    }
    arena.at(8).data[0]++;
    globalThis.kept = arena;
  },
};

async function main() {
  const random = seededRandom();
  const views = [];
  for (let i = 0; i < 24; i++) {
    const name = Object.keys(works)[i % 4];
    const worker = new Worker(module.filename, { workerData: name });
    const exit = once(worker, 'exit');
    if (name === 'forever') {
      await sleep(60 + random.below(60));
    } else {
      const [message] = await once(worker, 'message');
      if (message !== null) {
        assert.equal(message.length, KiB);
        assert.ok(message.every((byte) => byte === 0x5a));
        views.push(message);
      }
    }
    if (name !== 'posting') {
      await worker.terminate();
    }
    await exit;
    await collect(1);
    views.forEach(touch);
  }
  await collectUntil('the workers have left no reservation', () => memoryUsage().reserved === 0);
  assert.equal(fill(new TypedArenaLazy(Node, 10), 10).at(9).next.name, 'name 8');
}

if (isMainThread) {
  run(main);
} else {
  works[workerData]();
}
