// What do the building blocks cost, and what do they add to what they are built on?
import './support/prepare.mjs';

import {
  Bucketizer,
  BumpArenaLazy,
  FallbackAllocator,
  FreeList,
  heap,
  KiB,
  MemoryArena,
  MiB,
  ProxyAllocator,
  ScopedAllocator,
  StatsAllocator,
} from '../dist/index.mjs';
import { compare, ownLoop } from './support/measure.mjs';
import { besideCpp } from './support/reference.mjs';
import { atMost, atMostOnTop, report, row } from './support/report.mjs';

const COUNT = 10_000;
const LIVE = 32;

/** Runs a statement `COUNT` times. */
function loop(names, statement, before = '') {
  const body = `${before}; let last; for (let i = 0; i < ${COUNT}; i++) { ${statement} } return last;`;
  return { run: ownLoop(names, body), operations: COUNT };
}

/** Allocates and frees at once. */
const pair = (allocator) => loop({ allocator }, 'last = allocator.alloc(1000); allocator.free(last);');

/** Gives the oldest of some blocks back for each new one. */
function rotate(allocator) {
  const live = Array.from({ length: LIVE }, () => allocator.alloc(1000));
  const statement = `const j = i & ${LIVE - 1}; allocator.free(live[j]); live[j] = last = allocator.alloc(1000);`;
  return loop({ allocator, live }, statement);
}

/** Allocates from an arena through something. */
const through = (arena, allocator) => loop({ arena, allocator }, 'last = allocator.alloc(64);', 'arena.resetUnsafe()');

const [free, cpp] = await besideCpp(['malloc-free'], () =>
  compare({
    pair: pair(new FreeList(heap, { count: LIVE })),
    rotate: rotate(new FreeList(heap, { count: LIVE })),
    pool: pair(
      new FallbackAllocator(
        new Bucketizer([64, 256, KiB, 4 * KiB], (size) => new FreeList(heap, { blockSize: size, maxCount: Infinity })),
        heap,
      ),
    ),
    node: loop({}, 'last = Buffer.allocUnsafe(1000);'),
  }),
);
const freeReferences = { 'Buffer.allocUnsafe(1,000)': free.node, 'C++ malloc + free': cpp['malloc-free'] };

const fixed = () => new FreeList(heap, { count: LIVE });
const around = await compare({
  list: pair(fixed()),
  proxy: pair(new ProxyAllocator(fixed(), {})),
  fallback: pair(new FallbackAllocator(fixed(), heap)),
});
const list = { 'FreeList alloc + free': around.list };

const scoped = new ScopedAllocator(heap, MiB);
const scopes = await compare({
  empty: loop({ scoped, work: () => {} }, 'scoped.scope(work);'),
  one: loop({ scoped, work: (inner) => inner.alloc(64) }, 'last = scoped.scope(work);'),
  node: loop({}, 'last = Buffer.allocUnsafe(64);'),
});

const arena = new BumpArenaLazy(4 * MiB);
const layers = await compare({
  arena: through(arena, arena),
  proxy: through(arena, new ProxyAllocator(arena, {})),
  fallback: through(arena, new FallbackAllocator(arena, heap)),
  stats: through(arena, new StatsAllocator(arena)),
});
const below = { 'BumpArenaLazy alloc(64 B)': layers.arena };

/** Ten allocations in an arena that has as many full blocks as were asked for, in front of them or from an earlier use. */
function cycle(blocks) {
  const memory = new MemoryArena();
  const first = memory.allocator();
  for (let i = 0; i < blocks; i++) {
    first.alloc(8 * MiB);
  }
  first.dispose();
  const statement = 'const a = memory.allocator(); for (let k = 0; k < 10; k++) last = a.alloc(64); a.dispose();';
  return loop({ memory }, statement);
}

const small = await compare({
  cycle: cycle(1),
  node: loop({}, 'for (let k = 0; k < 10; k++) last = Buffer.allocUnsafe(64);'),
});
// Last of all: beyond 2 GiB an offset is a double, and from then on V8 keeps every arena's bump pointer as one.
const large = await compare({ cycle: cycle(1000) });

report(
  {
    question: 'Free lists: 1,000 bytes, allocated and freed',
    rows: [
      row('FreeList alloc + free', free.pair, freeReferences, { budgets: [atMost(12)] }),
      row(`FreeList alloc + free, ${LIVE} live`, free.rotate, freeReferences, { budgets: [atMost(12)] }),
      row('pool of four FreeLists, Bucketizer and Fallback', free.pool, freeReferences),
    ],
  },
  {
    question: 'Scopes',
    rows: [
      row('ScopedAllocator: enter and leave', scopes.empty, {}, { budgets: [atMost(25)] }),
      row('the same with alloc(64 B)', scopes.one, { 'Buffer.allocUnsafe(64)': scopes.node }),
      row(
        'MemoryArena: allocator, 10 × alloc(64 B), dispose',
        small.cycle,
        { '10 × Buffer.allocUnsafe(64)': small.node },
        { budgets: [atMost(400)] },
      ),
      row(
        'the same, 1,000 blocks having been filled',
        large.cycle,
        { '1 block': small.cycle },
        { budgets: [atMost(400)] },
      ),
    ],
  },
  {
    question: 'Layers, with what they are built on',
    rows: [
      row('ProxyAllocator, empty logger, alloc(64 B)', layers.proxy, below, {
        budgets: [atMostOnTop(5, 'BumpArenaLazy alloc(64 B)')],
      }),
      row('FallbackAllocator, alloc(64 B)', layers.fallback, below, {
        budgets: [atMostOnTop(5, 'BumpArenaLazy alloc(64 B)')],
      }),
      row('StatsAllocator, alloc(64 B)', layers.stats, below),
      row('ProxyAllocator, empty logger, alloc + free', around.proxy, list, {
        budgets: [atMostOnTop(5, 'FreeList alloc + free')],
      }),
      row('FallbackAllocator, alloc + free', around.fallback, list, {
        budgets: [atMostOnTop(5, 'FreeList alloc + free')],
      }),
    ],
  },
);
