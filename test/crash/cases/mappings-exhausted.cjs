// every class that reserves addresses when half of the process's mappings are taken: a clear error, and served again when they are back
'use strict';

const assert = require('node:assert/strict');

const offheap = require('../support.cjs');
const { loadAddon } = require('../../../dist/native/load.js');

const { ArenaPool, BufferPool, BumpAlloc, BumpArenaLazy, collectUntil, KiB, memoryUsage, MemoryArena, MiB, run } =
  offheap;
const { struct, text, TypedArenaLazy, u8 } = offheap;

const addon = loadAddon();
const { maxMappings } = addon.system;
/** What a range of addresses may come to need at first. */
const EACH = 2;

const Byte = struct({ byte: u8 });
const Titled = struct({ title: text });

const uses = {
  BumpArenaLazy: () => new BumpArenaLazy(MiB).alloc(10),
  TypedArenaLazy: () => new TypedArenaLazy(Byte, 10).alloc(),
  'TypedArenaLazy, texts': () => new TypedArenaLazy(Titled, 10).alloc({ title: 'a' }),
  MemoryArena: () => new MemoryArena(MiB).allocator().alloc(10),
  BumpAlloc: () => BumpAlloc.withSize(MiB).alloc(10),
  ArenaPool: () => new ArenaPool({ capacity: MiB }).acquire().alloc(10),
};

const pool = new BufferPool({ whenFull: 'null' });

function exhaust() {
  const arenas = [];
  for (;;) {
    try {
      arenas.push(new BumpArenaLazy(4 * KiB));
    } catch (error) {
      checkRefusal(error);
      return arenas;
    }
  }
}

function checkRefusal(error) {
  assert.equal(error.code, 'ERR_OFFHEAP_OS', error.stack);
  assert.equal(error.syscall, 'reserve');
  assert.match(
    error.message,
    /^ENOMEM: no room for .*: offheap holds \d+ memory mappings, half of what the system allows/,
  );
}

async function round() {
  const arenas = exhaust();
  // To the last one that is allowed.
  assert.equal(arenas.length, Math.floor(maxMappings / EACH));
  for (const [name, use] of Object.entries(uses)) {
    assert.throws(use, (error) => (checkRefusal(error), true), name);
  }
  assert.equal(pool.acquire(MiB), null);
  assert.equal(addon.mappings(), arenas.length * EACH);
  // With room for one of two ranges, nothing is left of the one that was had.
  arenas.pop().dispose();
  assert.throws(uses['TypedArenaLazy, texts'], { code: 'ERR_OFFHEAP_OS' });
  assert.equal(addon.mappings(), arenas.length * EACH);
  arenas.push(new BumpArenaLazy(4 * KiB));
  // What there is can be used, and Node's collector, which needs mappings, too, runs.
  arenas.forEach((arena, i) => i % 100 === 0 && arena.alloc(4 * KiB).fill(1));
  gc();
  assert.throws(() => arenas[0].renew(), { code: 'ERR_OFFHEAP_OS', syscall: 'renew', message: /memory mappings/ });
  assert.equal(arenas[0].used, 4 * KiB);
  for (const arena of arenas.splice(1, 20)) {
    arena.dispose();
  }
  for (const [name, use] of Object.entries(uses)) {
    assert.ok(use() !== null, name);
  }
  const buffer = pool.acquire(MiB).fill(1);
  pool.release(buffer);
  pool.trim();
  arenas[0].renew();
  arenas.forEach((arena) => arena.dispose());
}

run(async () => {
  if (maxMappings > 100_000) {
    return; // more than arenas fit into the memory of a machine
  }
  for (let i = 0; i < 2; i++) {
    await round();
    await collectUntil('all is given back', () => memoryUsage().reserved + memoryUsage().retired === 0);
    assert.equal(addon.mappings(), 0);
  }
});
