// What do arenas cost that are reserved and not used?
import { gc, LARGE, LARGE_NAME } from './support/prepare.mjs';

import { BumpArenaLazy, MiB } from '../dist/index.mjs';
import { summarize } from './support/measure.mjs';
import { atMost, report, row } from './support/report.mjs';

const COUNT = 16;

/** How much resident memory `make` adds; the first arena loads the addon, which counts, too. */
function growth(make) {
  gc();
  const before = process.memoryUsage.rss();
  const kept = Array.from({ length: COUNT }, make);
  const after = process.memoryUsage.rss();
  return [(after - before) / MiB, kept];
}

const [reserved, arenas] = growth(() => new BumpArenaLazy(LARGE));
const [used] = growth((_, i) => arenas[i].alloc(1));
arenas.forEach((arena) => arena.dispose());
const [resizable] = growth(() => new ArrayBuffer(0, { maxByteLength: LARGE }));

report({
  question: `Resident memory of ${COUNT} arenas of ${LARGE_NAME}`,
  rows: [
    row(
      'reserved',
      summarize([Math.max(0, reserved)]),
      { 'resizable ArrayBuffers': summarize([Math.max(0, resizable)]) },
      { unit: 'MiB', budgets: [atMost(16)] },
    ),
    row(
      'and one block in each, not touched',
      summarize([Math.max(0, reserved) + Math.max(0, used)]),
      {},
      { unit: 'MiB' },
    ),
  ],
});
