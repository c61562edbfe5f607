// What does starting over cost, with the garbage collection that it causes?
import { CAN_DETACH } from './support/prepare.mjs';

import { BumpArenaLazy, KiB, MiB } from '../dist/index.mjs';
import { acrossTurns, aMillionObjects, compare } from './support/measure.mjs';
import { besideCpp } from './support/reference.mjs';
import { atMost, report, row } from './support/report.mjs';

const CAPACITY = 64 * MiB;

/** What one round does: takes a block and touches every page of it, huge pages where it has them. */
function use(arena, size) {
  touch(arena.alloc(size));
}

function touch(block) {
  const page = Math.max(4 * KiB, block.length / 256);
  // One line further each time, or they would all fall into the same set of the cache.
  for (let offset = 0; offset < block.length; offset += page + 64) {
    block[offset] = 1;
  }
}

/** The control is the same with `resetUnsafe`, which costs nothing. */
async function measure({ startOver, size, rounds, perTurn }) {
  const arena = new BumpArenaLazy(CAPACITY);
  const warm = new BumpArenaLazy(CAPACITY);
  const figure = await acrossTurns({
    rounds,
    perTurn,
    round: () => {
      startOver(arena);
      use(arena, size);
    },
    control: () => {
      warm.resetUnsafe();
      use(warm, size);
    },
  });
  arena.dispose();
  warm.dispose();
  return figure;
}

/** A Buffer for each round instead of an arena. */
async function measureBuffers({ size, rounds }) {
  const warm = Buffer.alloc(size);
  const round = () => touch(Buffer.allocUnsafe(size));
  return acrossTurns({ rounds, round, control: () => touch(warm), samples: 5 });
}

const reset = (arena) => arena.reset();
const renew = (arena) => arena.renew();
const renewDetached = (arena) => arena.renew({ detach: true });

const SIZES = { '64 KiB': 64 * KiB, '1 MiB': MiB, '16 MiB': 16 * MiB };

const WAYS = [
  // Without detaching, reset is renew.
  ...(CAN_DETACH
    ? [
        { way: 'reset() + alloc(64 KiB)', startOver: reset, used: '64 KiB', rounds: 4_000, small: 1_500 },
        {
          way: 'reset() + alloc(64 KiB), 10 a turn',
          startOver: reset,
          used: '64 KiB',
          rounds: 20_000,
          perTurn: 10,
          small: 1_500,
        },
        {
          way: 'reset() + alloc(1 MiB), 10 a turn',
          startOver: reset,
          used: '1 MiB',
          rounds: 20_000,
          perTurn: 10,
          small: 1_500,
        },
      ]
    : []),
  { way: 'renew() + alloc(64 KiB)', startOver: renew, used: '64 KiB', rounds: 4_000, small: 15_000 },
  { way: 'renew() + alloc(1 MiB)', startOver: renew, used: '1 MiB', rounds: 800, small: 65_000 },
  ...(CAN_DETACH
    ? Object.keys(SIZES).map((used) => ({
        way: `renew({ detach }) + alloc(${used})`,
        startOver: renewDetached,
        used,
        rounds: 4_000,
        small: 20_000,
        large: 20_000,
      }))
    : []),
];

async function startOver(heap) {
  const rows = [];
  const buffers = {};
  for (const { way, startOver, used, rounds, perTurn, [heap]: limit } of WAYS) {
    const size = SIZES[used];
    buffers[used] ??= await measureBuffers({ size, rounds: Math.ceil((64 * MiB) / size) * 4 });
    const figure = await measure({ startOver, size, rounds, perTurn });
    const options = { budgets: limit ? [atMost(limit)] : [] };
    rows.push(row(way, figure, { [`Buffer.allocUnsafe(${used})`]: buffers[used] }, options));
  }
  return rows;
}

const RESETS = 50_000;
const [unsafe, cpp] = await besideCpp(['reset-inlined', 'reset-called'], async () => {
  const arena = new BumpArenaLazy(CAPACITY);
  const run = () => {
    for (let i = 0; i < RESETS; i++) {
      arena.resetUnsafe();
    }
  };
  return compare({ resetUnsafe: { run, operations: RESETS } });
});
const beside = { 'C++ bump, called': cpp['reset-called'], 'C++ bump, inlined': cpp['reset-inlined'] };
const rows = [row('resetUnsafe()', unsafe.resetUnsafe, beside, { budgets: [atMost(2)] })];
rows.push(...(await startOver('small')));
const objects = aMillionObjects();
const largeRows = await startOver('large');

report(
  { question: 'Starting over, every page touched, garbage collection included', rows },
  { question: `The same beside ${objects.length.toLocaleString('en')} live objects`, rows: largeRows },
);
