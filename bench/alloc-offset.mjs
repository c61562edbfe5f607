// What does an allocation of 24 bytes cost that makes no object?
import { CAN_DETACH } from './support/prepare.mjs';

import { BumpArena, BumpArenaLazy, GiB, MiB } from '../dist/index.mjs';
import { compare, ownLoop } from './support/measure.mjs';
import { besideCpp } from './support/reference.mjs';
import { atMost, atMostTimes, report, row } from './support/report.mjs';

const SIZE = 24;
const CAPACITY = MiB;
const COUNT = Math.floor(CAPACITY / SIZE);

/** The least that JavaScript can do: no argument is checked, no alignment chosen, nothing grows. */
class LeastBump {
  used = 0;
  limit = CAPACITY;

  allocOffset(size) {
    const offset = (this.used + 7) & -8;
    const end = offset + size;
    if (end > this.limit) {
      return -1;
    }
    this.used = end;
    return offset;
  }

  resetUnsafe() {
    this.used = 0;
  }
}

/** Fills an arena and starts over. Keeping the last offset costs nothing; adding them up would cost more than they do. */
function fill(arena) {
  const body = `
    let last = 0;
    for (let i = 0; i < ${COUNT}; i++) last = arena.allocOffset(${SIZE});
    arena.resetUnsafe();
    return last;`;
  return { run: ownLoop({ arena }, body), operations: COUNT };
}

const lazy = new BumpArenaLazy(CAPACITY);
const least = new LeastBump();
const [js, cpp] = await besideCpp(['bump-inlined', 'bump-called', 'pmr', 'malloc-free'], async () => {
  const small = await compare({ lazy: fill(lazy), least: fill(least) }, { milliseconds: 200 });
  // Afterwards, since it makes the same code see a second class of arena.
  return { ...small, ...(await compare({ eager: fill(new BumpArena(CAPACITY)) }, { milliseconds: 200 })) };
});

const references = {
  'C++ bump, called': cpp['bump-called'],
  'C++ bump, inlined': cpp['bump-inlined'],
  'C++ pmr::monotonic': cpp['pmr'],
  'C++ malloc + free': cpp['malloc-free'],
};
const rows = [
  row(
    'BumpArenaLazy allocOffset(24)',
    js.lazy,
    { ...references, 'least JavaScript can do': js.least },
    { budgets: [atMost(2.2), atMostTimes(1.6, 'C++ bump, called')] },
  ),
  row('BumpArena allocOffset(24)', js.eager, { 'C++ bump, called': cpp['bump-called'] }, { budgets: [atMost(2.2)] }),
];

if (CAN_DETACH) {
  // Beyond 2 GiB an offset is a double. Last of all: from then on V8 keeps every arena's bump pointer as one.
  const huge = new BumpArenaLazy(64 * GiB);
  huge.alloc(5 * GiB);
  const start = huge.checkpoint();
  const body = `
    let last = 0;
    for (let i = 0; i < ${COUNT}; i++) last = huge.allocOffset(${SIZE});
    huge.rewind(start);
    return last;`;
  const contenders = { beyond: { run: ownLoop({ huge, start }, body), operations: COUNT } };
  const { beyond } = await compare(contenders, { milliseconds: 200 });
  rows.push(row('BumpArenaLazy allocOffset(24) beyond 4 GiB', beyond, { 'C++ bump, called': cpp['bump-called'] }));
}

report({ question: 'allocOffset: one allocation without an object', rows });
