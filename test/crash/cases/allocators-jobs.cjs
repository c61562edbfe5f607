// jobs run on blocks of scopes and FreeLists while these and their arenas start over, are disposed of and collected
'use strict';

const assert = require('node:assert/strict');
const { JOB_BYTES, startJobs } = require('../jobs.cjs');
const {
  BumpArena,
  BumpArenaLazy,
  collect,
  FreeList,
  heap,
  MiB,
  run,
  ScopedAllocator,
  sleep,
} = require('../support.cjs');

/** Jobs whose blocks are not longer than those of the list. */
const SMALL = ['gzip', 'brotliStream', 'read', 'write'];

const allocators = {
  scoped: [(source) => new ScopedAllocator(source, JOB_BYTES), undefined],
  freeList: [(source) => new FreeList(source, { blockSize: MiB, count: 3, maxCount: 6 }), SMALL],
  freeListInScope: [
    (source) => new FreeList(new ScopedAllocator(source, 8 * MiB), { blockSize: MiB, count: 8 }),
    SMALL,
  ],
};

const endings = {
  reset: (arena) => arena.reset(),
  renew: (arena) => arena.renew(),
  disposed: (arena) => arena.dispose(),
  collected: () => {},
  allocatorFirst(arena, allocator) {
    allocator.dispose();
    arena.renew();
    arena.dispose();
  },
};

/** A function of its own, so that nothing of it is left on the stack. */
async function start(Arena, make, names, finish, delay) {
  const arena = new Arena(JOB_BYTES + MiB);
  const allocator = make(arena);
  const ended = await startJobs(allocator, names);
  if (delay > 0) {
    await sleep(delay);
  }
  finish(arena, allocator);
  if (finish !== endings.collected && finish !== endings.allocatorFirst) {
    try {
      allocator.alloc(8); // where all blocks are handed out, the next slab is of the arena's next round
    } catch (error) {
      assert.match(error.code, /^ERR_OFFHEAP_(STALE|DISPOSED)$/);
    }
    allocator.dispose();
  }
  return ended;
}

async function onHeap(make, names) {
  const allocator = make(heap);
  const ended = await startJobs(allocator, names);
  allocator.dispose();
  return ended;
}

run(async () => {
  for (const [make, names] of Object.values(allocators)) {
    for (const [i, finish] of Object.values(endings).entries()) {
      const Arena = names === undefined || i % 2 === 0 ? BumpArenaLazy : BumpArena;
      const ended = await start(Arena, make, names, finish, i % 2 === 0 ? 0 : 10);
      await collect();
      await ended();
    }
    const ended = await onHeap(make, names);
    await collect();
    await ended();
  }
});
