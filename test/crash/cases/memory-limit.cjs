// every class that takes memory at the process's limit: refused as by the system, and served again when there is room
'use strict';

const assert = require('node:assert/strict');

const { collectUntil, memoryLimit, memoryUsage, MiB, run, setMemoryLimit } = require('../support.cjs');
const { exhaust, takers } = require('../takers.cjs');

const SIZE = 4 * MiB;
const LIMIT = 64 * MiB;
const CAPACITY = 2 ** 31;
/** More blocks than there is room for. */
const MOST = 200;

const charged = () => memoryUsage().charged;

/** Answers how many blocks there were. */
async function fill(taker, limit) {
  setMemoryLimit(limit);
  const { count, message } = await exhaust(taker, MOST);
  assert.ok(charged() <= limit, `${charged()} of ${limit}`);
  if (taker.names) {
    assert.match(message, new RegExp(`memory limit of ${limit / MiB || '0 B'}`));
  }
  return count;
}

async function check(name, make) {
  setMemoryLimit(Infinity);
  const taker = await make(SIZE, CAPACITY);
  const first = await fill(taker, LIMIT);
  // A quarter is what blocks of a pool may be longer, and the last one may not fit.
  assert.ok(first >= (LIMIT / SIZE) * 0.75 - 1 && first <= LIMIT / SIZE, `${name}: ${first} blocks`);
  // Below what is in use: nothing is lost, and nothing new is had.
  const before = charged();
  setMemoryLimit(1 * MiB);
  assert.equal((await exhaust(taker, MOST)).count, 0, name);
  assert.equal(charged(), before, name);
  const more = await fill(taker, 2 * LIMIT);
  assert.ok(more >= first - 2, `${name}: then ${more}`);
  taker.free();
  return first;
}

run(async () => {
  assert.equal(memoryLimit(), Infinity);
  for (const [name, make] of Object.entries(takers)) {
    const first = await check(name, make);
    await collectUntil(`${name}: all is given back`, () => charged() === 0);
    assert.equal(await check(name, make), first, name);
    await collectUntil(`${name}: all is given back once more`, () => charged() === 0);
    console.error(`${name}: ${first} blocks`);
  }
});
