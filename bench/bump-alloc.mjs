// What does an allocation cost that all threads can make, on one thread and on each of two?
import './support/prepare.mjs';

import { BumpAlloc, GiB, KiB, MiB } from '../dist/index.mjs';
import { compare, ownLoop, summarize } from './support/measure.mjs';
import { besideCpp } from './support/reference.mjs';
import { atMost, report, row } from './support/report.mjs';
import { inThreads } from './support/threads.mjs';

const SIZE = 24;
const ROUNDS = 9;

/** Memory that never comes back: a fresh GiB whenever one is full, which costs little on the whole. */
function fresh() {
  let alloc = new BumpAlloc();
  return (bytes) => (alloc = alloc.remaining < bytes ? new BumpAlloc() : alloc);
}

function fill(size, operations, method) {
  const body = `
    const alloc = fresh(${size * operations});
    let last = 0;
    for (let i = 0; i < ${operations}; i++) last = alloc.${method}(${size});
    return last;`;
  return { run: ownLoop({ fresh: fresh() }, body), operations };
}

const [figures, cpp] = await besideCpp(['bump-called', 'atomic-bump', 'atomic-bump-2-threads'], async () => {
  const one = await compare({
    offset: fill(SIZE, (16 * MiB) / 32, 'allocOffset'),
    block: fill(64, (16 * MiB) / 64, 'alloc'),
    large: fill(64 * KiB, (64 * MiB) / (64 * KiB), 'alloc'),
  });
  const two = [];
  for (let round = 0; round < ROUNDS; round++) {
    const alloc = BumpAlloc.withSize(GiB);
    const samples = await inThreads(2, new URL('support/bump-thread.mjs', import.meta.url), {
      handle: alloc.handle,
      size: SIZE,
    });
    two.push(...samples.flat());
  }
  return { ...one, two: summarize(two) };
});

report({
  question: 'BumpAlloc: one allocation of memory that all threads share',
  rows: [
    row(
      'allocOffset(24), one thread',
      figures.offset,
      { 'C++ atomic bump': cpp['atomic-bump'], 'C++ bump, called': cpp['bump-called'] },
      { budgets: [atMost(4)] },
    ),
    row(
      'allocOffset(24), each of two threads',
      figures.two,
      { 'C++ atomic bump, each of two threads': cpp['atomic-bump-2-threads'] },
      { budgets: [atMost(6)] },
    ),
    row('alloc(64), one thread', figures.block, {}),
    row('alloc(64 KiB), one thread, not touched', figures.large, {}),
  ],
});
