// 2,000 arenas of records, dropped without dispose(), are given back, and no reference dies before its time
'use strict';

const assert = require('node:assert/strict');
const { BumpArenaLazy, bytes, collect, collectUntil, KiB, memoryUsage, run, self } = require('../support.cjs');
const { struct, text, touch, TypedArenaLazy, u32 } = require('../support.cjs');

const Node = struct({ id: u32, next: self, name: text, data: bytes(4 * KiB) });
const Leaf = struct({ id: u32, next: self, data: bytes(4 * KiB) });

let dropped = 0;

/** What is left of an arena that nobody holds. */
function leave(i) {
  if (i % 4 === 0) {
    const arena = new BumpArenaLazy(1024 * KiB);
    arena.alloc(i % 1000);
    const first = arena.place(Leaf, { id: i });
    const kept = arena.place(Leaf, { id: i, next: first });
    return i % 8 === 0 ? kept : kept.data;
  }
  const arena = new TypedArenaLazy(Node, 1000, { drop: () => dropped++ });
  for (let j = 0; j < 30; j++) {
    arena.push({ id: i, name: `record ${i}`, next: j === 0 ? null : arena.at(j - 1) });
  }
  if (i % 4 === 1) {
    arena.at(3).data.fill(1);
    arena.reset();
    dropped = 0;
    arena.push({ id: i, name: `record ${i}` });
  }
  const kinds = [() => arena.at(0), () => arena.at(0).data, () => arena.column('id'), () => arena[Symbol.iterator]()];
  return kinds[(i >> 2) % kinds.length]();
}

function check(left, i) {
  if (ArrayBuffer.isView(left)) {
    touch(left);
  } else if (typeof left.next === 'function') {
    const { done, value } = left.next();
    assert.ok(done || value.id === i);
  } else if (typeof left.at === 'function') {
    assert.equal(left.at(0), i);
  } else {
    assert.equal(left.id, i);
    assert.ok(left.name === undefined || left.name === `record ${i}`);
    assert.equal(left.next?.id ?? i, i);
    left.data.fill(2);
    left.id = i;
  }
}

/** A function of its own, so that nothing is left on the stack. */
function leaveSome(kept, from) {
  for (let i = from; i < from + 100; i++) {
    const left = leave(i);
    if (i % 20 < 4) {
      kept.set(i, left);
    }
  }
}

run(async () => {
  const kept = new Map();
  for (let from = 0; from < 2000; from += 100) {
    leaveSome(kept, from);
    await collect(1);
    kept.forEach(check);
  }
  await collectUntil('most arenas are given back', () => memoryUsage().reserved < 700 * 5000 * KiB);
  kept.forEach(check);
  kept.clear();
  await collectUntil('all arenas are given back', () => memoryUsage().reserved + memoryUsage().retired === 0);
  assert.equal(dropped, 0, 'a hook was called for an arena that nobody disposed of');
});
