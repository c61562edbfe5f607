// What does a Buffer cost, of any size, while the last 1,024 are kept?
import './support/prepare.mjs';

import { BumpArena, BumpArenaLazy, KiB, MiB } from '../dist/index.mjs';
import { fromArena, fromMemPool, keep, KEPT } from './support/blocks.mjs';
import { compare } from './support/measure.mjs';
import { atMost, report, row } from './support/report.mjs';

/** As from an arena, by hand over a resizable ArrayBuffer. */
function fromResizable(capacity, size) {
  const buffer = new ArrayBuffer(capacity, { maxByteLength: capacity });
  let used = 0;
  return () => {
    if (used + size > capacity) {
      used = 0;
    }
    const block = Buffer.from(buffer, used, size);
    used += size;
    return block;
  };
}

const rows = [];
for (const [size, name] of [
  [64, '64 B'],
  [KiB, '1 KiB'],
  [16 * KiB, '16 KiB'],
  [64 * KiB, '64 KiB'],
  [MiB, '1 MiB'],
]) {
  const capacity = Math.max(MiB, (KEPT + 1) * size);
  const few = size <= KiB ? 50_000 : size <= 64 * KiB ? 5_000 : 500;
  const lazy = new BumpArenaLazy(capacity);
  const figures = await compare(
    {
      lazy: keep(50_000, fromArena(lazy, size)),
      node: keep(few, () => Buffer.allocUnsafe(size)),
      resizable: keep(50_000, fromResizable(capacity, size)),
      pool: keep(2_000, fromMemPool(capacity + 2 * KEPT * 16, size)),
    },
    { milliseconds: 120 },
  );
  rows.push(
    row(
      `BumpArenaLazy alloc(${name})`,
      figures.lazy,
      {
        'Buffer.allocUnsafe': figures.node,
        'on a resizable ArrayBuffer': figures.resizable,
        '@thi.ng/malloc': figures.pool,
      },
      { budgets: [atMost(25)] },
    ),
  );
  lazy.dispose();
}

// Afterwards, since it makes the same code see a second class of arena.
const eager = new BumpArena((KEPT + 1) * 16 * KiB);
const figures = await compare({ eager: keep(50_000, fromArena(eager, 16 * KiB)) });
rows.push(
  row(
    'BumpArena alloc(16 KiB)',
    figures.eager,
    { 'Buffer.allocUnsafe': rows[2].references[0].figure },
    { budgets: [atMost(25)] },
  ),
);

report({ question: 'alloc: one Buffer, the last 1,024 kept', rows });
