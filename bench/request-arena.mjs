// What does a request pay for its blocks, from an arena of its own that comes back, and from Buffers?
import './support/prepare.mjs';

import { ArenaPool, KiB, MiB } from '../dist/index.mjs';
import { acrossTurns } from './support/measure.mjs';
import { report, row } from './support/report.mjs';

/** Blocks of one request, and how many requests are measured. */
const REQUESTS = {
  nothing: { sizes: [], rounds: 40_000 },
  '5 blocks, 16 KiB in all': { sizes: [1, 2, 3, 4, 6].map((size) => size * KiB), rounds: 40_000 },
  '5 blocks of 16 KiB': { sizes: Array(5).fill(16 * KiB), rounds: 20_000 },
  '5 blocks of 64 KiB': { sizes: Array(5).fill(64 * KiB), rounds: 4_000 },
  '5 blocks of 1 MiB': { sizes: Array(5).fill(MiB), rounds: 400 },
};

/** A request writes to what it has asked for, so every page is touched: by the clearing, too, where there is any. */
function touch(block) {
  for (let offset = 0; offset < block.length; offset += 4 * KiB) {
    block[offset] = 1;
  }
}

const PER_TURN = 10;

/** The control does the same on memory that is there, without any allocation. */
async function measure({ sizes, rounds }, serve) {
  const warm = sizes.map((size) => Buffer.alloc(size));
  return acrossTurns({ rounds, perTurn: PER_TURN, round: serve, control: () => warm.forEach(touch) });
}

async function measureArenas(request, options) {
  const pool = new ArenaPool({ name: 'bench', ...options });
  const figure = await measure(request, () => {
    const arena = pool.acquire();
    for (const size of request.sizes) {
      touch(arena.alloc(size));
    }
    pool.release(arena);
  });
  pool.dispose();
  return figure;
}

const WAYS = {
  'zeroed, detached': {},
  'not zeroed': { zeroed: false },
  'not zeroed, reset': { zeroed: false, giveBack: 'reset' },
};

const rows = [];
for (const [name, request] of Object.entries(REQUESTS)) {
  const { sizes } = request;
  const beside = {
    'Buffer.allocUnsafe': await measure(request, () => sizes.forEach((size) => touch(Buffer.allocUnsafe(size)))),
    'Buffer.alloc': await measure(request, () => sizes.forEach((size) => touch(Buffer.alloc(size)))),
  };
  for (const [way, options] of Object.entries(WAYS)) {
    rows.push(row(`${name}: ${way}`, await measureArenas(request, options), beside));
  }
}

report({ question: 'A request: an arena, its blocks with every page touched, and the way back; 10 a turn', rows });
