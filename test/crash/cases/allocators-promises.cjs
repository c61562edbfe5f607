// functions of scopes answer promises that are rejected, now or later: they are refused, and no rejection is left over
'use strict';

const assert = require('node:assert/strict');
const { runInNewContext } = require('node:vm');
const { BumpArena, BumpArenaLazy, collect, heap, KiB, run, ScopedAllocator, sleep } = require('../support.cjs');

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

class Lazily extends Promise {}

const answers = {
  rejected: () => Promise.reject(new Error('rejected')),
  later: () => new Promise((_resolve, reject) => setTimeout(reject, 1, new Error('later'))),
  subclass: () => Lazily.reject(new Error('subclass')),
  chained: () => Promise.reject(new Error('chained')).then(() => 1),
  elsewhere: () => runInNewContext('Promise.reject(new Error("elsewhere"))'),
  asyncElsewhere: runInNewContext('(async () => { throw new Error("elsewhere"); })'),
  thenable: () => ({ then: (_resolve, reject) => reject(new Error('thenable')) }),
  throwing: () => ({
    then() {
      throw new Error('throwing');
    },
  }),
  undefinedReason: () => Promise.reject(),
};

run(async () => {
  for (const [name, answer] of Object.entries(answers)) {
    for (const make of [
      () => new ScopedAllocator(heap, KiB),
      () => new ScopedAllocator(new BumpArenaLazy(4 * KiB), KiB),
      () => new BumpArena(KiB),
      () => new BumpArenaLazy(KiB),
    ]) {
      const scoped = make();
      assert.throws(() => scoped.scope(answer), { code: 'ERR_OFFHEAP_ASYNC_SCOPE' }, name);
      assert.throws(() => scoped.scope((inner) => inner.scope(answer)), { code: 'ERR_OFFHEAP_ASYNC_SCOPE' }, name);
      assert.equal(scoped.used, 0);
      assert.equal(
        scoped.scope((inner) => inner.alloc(8).length),
        8,
      );
    }
  }
  await sleep(20);
  await collect();
  assert.deepEqual(unhandled, []);
});
