// every class that reserves addresses under ulimit -v: a clear error when there are none, and served again when they are back
'use strict';

const assert = require('node:assert/strict');

const offheap = require('../support.cjs');
const { runLimited } = require('../limited.cjs');

const { ArenaPool, BufferPool, BumpAlloc, BumpArena, BumpArenaLazy, collect, collectUntil, memoryUsage, MiB, run } =
  offheap;
const { MemoryArena, struct, TypedArena, TypedArenaLazy, u8 } = offheap;

const SIZE = 256 * MiB;
/** Room for six, and for what V8 needs, which dies without. */
const SPARE = 6 * SIZE + 200 * MiB;
const Byte = struct({ byte: u8 });

/** How to take addresses, what says that there are none, and how to give them back. */
const uses = {
  BumpArenaLazy: [() => new BumpArenaLazy(SIZE), 'reserve', (arena) => arena.dispose()],
  TypedArenaLazy: [() => new TypedArenaLazy(Byte, SIZE), 'reserve', (arena) => arena.dispose()],
  MemoryArena: [() => new MemoryArena(1 * MiB), 'reserve', (arena) => arena.dispose()],
  'BumpAlloc.alloc': [
    () => {
      const alloc = BumpAlloc.withSize(SIZE);
      alloc.alloc(1);
      return alloc;
    },
    'reserve',
    () => {}, // by being dropped
  ],
  'ArenaPool.acquire': [
    () => {
      const pool = new ArenaPool({ capacity: SIZE });
      pool.release(pool.acquire());
      return pool;
    },
    'reserve',
    (pool) => pool.dispose(),
  ],
  BumpArena: [() => new BumpArena(SIZE), 'new ArrayBuffer', (arena) => arena.dispose()],
  TypedArena: [() => new TypedArena(Byte, SIZE), 'new ArrayBuffer', (arena) => arena.dispose()],
};

/** Takes until it is refused, and answers how many there were. */
function takeAll(name, taken) {
  const [take, syscall] = uses[name];
  for (let count = 0; count < 100; count++) {
    try {
      taken.push(take());
    } catch (error) {
      assert.equal(error.code, 'ERR_OFFHEAP_OS', `${name}: ${error.stack}`);
      assert.equal(error.syscall, syscall, name);
      assert.match(error.message, /^ENOMEM: no (room|memory) for \d+ [MG]iB, /, name);
      return count;
    }
  }
  throw new Error(`${name} was never refused`);
}

async function checkPool() {
  const pool = new BufferPool({ whenFull: 'null', maxBytes: Number.MAX_SAFE_INTEGER });
  const buffers = [];
  for (let buffer = pool.acquire(SIZE); buffer !== null; buffer = pool.acquire(SIZE)) {
    buffers.push(buffer);
  }
  assert.ok(buffers.length >= 4 && buffers.length <= 6, `BufferPool: ${buffers.length} Buffers`);
  assert.equal(pool.stats.fallbacks, 1);
  pool.release(buffers.pop());
  buffers.push(pool.acquire(SIZE));
  assert.notEqual(buffers.at(-1), null);
  buffers.splice(0).forEach((buffer) => pool.release(buffer));
  assert.ok(pool.trim() > 0);
  pool.dispose();
}

const given = () => memoryUsage().reserved + memoryUsage().retired === 0;

run(async () =>
  runLimited('v', SPARE, async () => {
    for (const name of Object.keys(uses)) {
      const counts = [];
      for (let round = 0; round < 2; round++) {
        const taken = [];
        counts.push(takeAll(name, taken));
        taken.forEach(uses[name][2]);
        taken.length = 0;
        await collect(); // plain ArrayBuffers are not in the accounts
        await collectUntil(`${name}: all is given back`, given);
      }
      console.error(`${name}: ${counts.join(', then ')}`);
      assert.ok(counts[0] >= 1 && counts[1] >= counts[0] - 1, `${name}: ${counts}`);
    }
    await checkPool();
    await collectUntil('BufferPool: all is given back', given);
    await checkPool();
  }),
);
