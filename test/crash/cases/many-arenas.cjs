// 40,000 arenas alive at once: ERR_OFFHEAP_OS comes before Node itself runs out of mappings
'use strict';

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');

const { BumpArenaLazy, collect, collectUntil, KiB, memoryUsage, MiB, OffheapError, run } = require('../support.cjs');

/** Whether 40,000 arenas are more than the system has mappings for; some systems have many more than the usual 65,530. */
const SCARCE =
  process.platform === 'linux' && Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8')) < 40_000 * 2 * 2;

/** Makes arenas until the system, as far as the package lets it be used, has no more. Answers how many. */
function exhaust(arenas, use) {
  for (let i = 0; i < 40_000; i++) {
    try {
      const arena = new BumpArenaLazy(MiB);
      arenas.push(arena);
      use(arena, i);
    } catch (error) {
      assert.ok(error instanceof OffheapError, error.stack);
      assert.equal(error.code, 'ERR_OFFHEAP_OS');
      assert.match(error.message, /no room for 1 MiB/);
      return arenas.length;
    }
  }
  return Infinity;
}

const uses = {
  reserved: () => {},
  allocated: (arena, i) => arena.alloc(8 * KiB).fill(i),
  renewed: (arena, i) => {
    arena.alloc(8 * KiB).fill(i);
    arena.renew();
    arena.alloc(8 * KiB).fill(i);
  },
  disposed: (arena, i) => {
    arena.alloc(8 * KiB).fill(i);
    const keep = arena.alloc(8);
    arena.dispose();
    arena.keep = keep;
  },
};

async function fill(name, use) {
  const arenas = [];
  const count = exhaust(arenas, use);
  console.error(`${name}: ${count} arenas`);
  assert.ok(count >= 5000, 'refused far too early');
  if (SCARCE && name !== 'disposed') {
    assert.ok(count < 40_000, 'never refused');
  }
  if (SCARCE && name === 'allocated') {
    // A refused renew leaves the arena as it was.
    const used = arenas.map((arena) => arena.used);
    let renewed = 0;
    assert.throws(
      () => {
        for (const arena of arenas) {
          arena.renew();
          renewed++;
        }
      },
      { code: 'ERR_OFFHEAP_OS' },
    );
    assert.equal(arenas[renewed].used, used[renewed]);
  }
  // Node's garbage collector needs mappings, too, and what there is goes on working.
  gc();
  await collect(1);
  for (const arena of name === 'disposed' ? [] : arenas) {
    arena.alloc(64).fill(1);
  }
}

run(async () => {
  for (const [name, use] of Object.entries(uses)) {
    await fill(name, use);
    await collectUntil('all is given back', () => memoryUsage().reserved + memoryUsage().retired === 0);
    assert.equal(new BumpArenaLazy(MiB).alloc(MiB).fill(1).length, MiB);
    await collect();
  }
});
