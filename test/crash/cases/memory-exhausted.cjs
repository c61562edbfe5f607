// every class that takes memory under ulimit -d: refused when the system refuses, and served again when memory is back
'use strict';

const assert = require('node:assert/strict');

const { collectUntil, memoryUsage, MiB, run } = require('../support.cjs');
const { runLimited } = require('../limited.cjs');
const { COPYING, exhaust, takers } = require('../takers.cjs');

const SIZE = 256 * MiB;
/** Room for four blocks, and for what V8 needs, which dies without. */
const SPARE = 4 * SIZE + 200 * MiB;
const CAPACITY = 2 ** 31;

run(async () =>
  runLimited('d', SPARE, async () => {
    for (const [name, make] of Object.entries(takers).filter(([name]) => !COPYING.has(name))) {
      const counts = [];
      for (let round = 0; round < 2; round++) {
        const taker = make(SIZE, CAPACITY);
        counts.push((await exhaust(taker, CAPACITY / SIZE)).count);
        // Refused once more, and nothing of it is counted.
        const { charged } = memoryUsage();
        assert.equal((await exhaust(taker, 1)).count, 0, name);
        assert.equal(memoryUsage().charged, charged, name);
        taker.free();
        await collectUntil(`${name}: all is given back`, () => memoryUsage().charged + memoryUsage().retired === 0);
      }
      console.error(`${name}: ${counts.join(', then ')} blocks`);
      assert.deepEqual(counts, [4, 4], name);
    }
  }),
);
