// references, and what bytes and array fields gave out, can be used after every way to end a round
'use strict';

const assert = require('node:assert/strict');
const { array, bytes, f64, self, str, struct, text, u32 } = require('../support.cjs');
const { CAN_TRANSFER, KiB, TypedArena, TypedArenaLazy, collect, collectUntil, memoryUsage } = require('../support.cjs');
const { run, touch } = require('../support.cjs');
const { closures } = require('../../../dist/layout/closures.js');
const { defineStruct } = require('../../../dist/layout/struct.js');

const SIZE = 100 * KiB;

const endings = {
  reset: (arena) => arena.reset(),
  resets: (arena) => {
    for (let round = 0; round < 20; round++) {
      arena.reset();
      arena.push({});
      arena.at(0).data;
    }
    arena.reset();
  },
  dispose: (arena) => arena.dispose(),
  drop: () => {},
};

/** Uses a reference in every way; answers whether it was alive. */
function use(record) {
  let alive = false;
  const uses = [
    () => record.id++,
    () => {
      const { next } = record;
      next && next.id++;
    },
    () => (record.name += '!'),
    () => (record.tag = 'tag'),
    () => (record.inner.x += 1),
    () => (record.next = record),
    () => (record.data = Buffer.alloc(3)),
    () => record.numbers.fill(1),
    () => record.tags.set(['a'], 1),
    () => touch(record.data),
    () => record.toObject(),
    () => JSON.stringify(record),
    () => [...record],
    () => structuredClone(record.numbers),
  ];
  for (const each of uses) {
    try {
      each();
      alive = true;
    } catch (error) {
      assert.ok(['ERR_OFFHEAP_STALE', 'ERR_OFFHEAP_FULL'].includes(error.code), error);
    }
  }
  return alive;
}

/** One arena's life. A function of its own, so that nothing is left on the stack. */
async function live(Arena, define, name, transferred) {
  const Node = define({
    id: u32,
    next: self,
    name: text,
    tag: str(8),
    inner: define({ x: f64 }),
    numbers: array(f64, 100),
    tags: array(str(4), 3),
    data: bytes(SIZE),
  });
  let arena = new Arena(Node, 20);
  for (let id = 0; id < 10; id++) {
    const next = id === 0 ? null : arena.at(id - 1);
    arena.push({ id, next, name: `name ${id}`, data: Buffer.alloc(SIZE, 1) });
  }
  const references = [...arena, arena.at(5).next, arena.at(5)];
  const columns = [arena.column('id'), arena.column('name'), arena.column('data')];
  const nested = references.flatMap((record) => [record.inner, record.tags]);
  const views = references.flatMap((record) => [record.data, record.data.subarray(5), record.numbers]);
  views.push(new Uint8Array(transferred ? views[0].buffer.transfer() : 0));
  endings[name](arena);
  if (name === 'drop') {
    arena = null;
  }

  for (let round = 0; round < 2; round++) {
    await collect(2);
    views.forEach(touch);
    const alive = references.map(use);
    assert.ok(name === 'drop' || !alive.includes(true), `${Arena.name} ${name}`);
    for (const each of [...nested, ...columns]) {
      try {
        if ('x' in each) {
          each.x += 1;
        } else {
          each.at(0);
        }
      } catch (error) {
        assert.equal(error.code, 'ERR_OFFHEAP_STALE');
      }
    }
    if (arena !== null && name !== 'dispose') {
      const next = arena.alloc({ id: 77, tag: 'next', data: Buffer.alloc(SIZE, 7) });
      views.forEach(touch);
      assert.ok(next.data.every((byte) => byte === 7));
      assert.deepEqual([next.id, next.tag], [77, 'next']);
      arena.reset();
    }
  }
  arena?.dispose();
  await collect(1);
  views.forEach(touch);
}

run(async () => {
  for (const define of [struct, (fields) => defineStruct(fields, closures)]) {
    for (const Arena of [TypedArena, TypedArenaLazy]) {
      for (const name of Object.keys(endings)) {
        for (const transferred of CAN_TRANSFER ? [false, true] : [false]) {
          await live(Arena, define, name, transferred);
        }
      }
    }
  }
  await collectUntil('all memory is given back', () => memoryUsage().retired + memoryUsage().reserved === 0);
});
