// What does it cost to reserve a large range of addresses and to drop it again?
import { gc, LARGE, LARGE_NAME } from './support/prepare.mjs';

import { BumpArenaLazy } from '../dist/index.mjs';
import { acrossTurns, repeat } from './support/measure.mjs';
import { besideCpp } from './support/reference.mjs';
import { atMost, report, row } from './support/report.mjs';

const RESIZABLES = 200;

const reserve = LARGE_NAME === '64 GiB' ? 'reserve-64-gib' : 'reserve-4-gib';
const [figures, cpp] = await besideCpp([reserve], async () => {
  const dropped = await acrossTurns({
    rounds: 10_000,
    perTurn: 20,
    round: () => new BumpArenaLazy(LARGE).dispose(),
    control: () => {},
  });
  // Nothing drops these but the garbage collector, whose time is left out.
  const resizable = repeat(() => {
    gc();
    const start = performance.now();
    for (let i = 0; i < RESIZABLES; i++) {
      new ArrayBuffer(0, { maxByteLength: LARGE });
    }
    return ((performance.now() - start) * 1e6) / RESIZABLES;
  }, 15);
  return { dropped, resizable };
});

report({
  question: `Reserving ${LARGE_NAME} of addresses`,
  rows: [
    row(
      `new BumpArenaLazy(${LARGE_NAME}) + dispose()`,
      figures.dropped,
      { 'C++ mmap + munmap': cpp[reserve], 'new resizable ArrayBuffer': figures.resizable },
      { budgets: [atMost(20_000)] },
    ),
  ],
});
