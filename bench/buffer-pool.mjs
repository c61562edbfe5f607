// What does a Buffer of a pool cost, acquired and released, while the last 1,024 are kept?
import './support/prepare.mjs';

import { BufferPool, GiB, KiB, MiB } from '../dist/index.mjs';
import { fromPool, keep } from './support/blocks.mjs';
import { compare, ownLoop } from './support/measure.mjs';
import { atMost, atMostTimes, report, row } from './support/report.mjs';

const NODE = 'Buffer.allocUnsafe';

const rows = [];
for (const [size, name, faster] of [
  [64, '64 B'],
  [KiB, '1 KiB'],
  [16 * KiB, '16 KiB', 8],
  [64 * KiB, '64 KiB'],
  [MiB, '1 MiB', 100],
]) {
  const few = size <= KiB ? 50_000 : size <= 64 * KiB ? 5_000 : 500;
  const pools = ['off', 'simple', 'paranoid'].map(
    (leakDetection) => new BufferPool({ leakDetection, maxBytes: 2 * GiB, idleMs: Infinity }),
  );
  const [off, simple, paranoid] = pools;
  const figures = await compare({
    off: keep(50_000, fromPool(off, size)),
    simple: keep(50_000, fromPool(simple, size)),
    paranoid: keep(2_000, fromPool(paranoid, size)),
    node: keep(few, () => Buffer.allocUnsafe(size)),
  });
  const budgets = faster === undefined ? [] : [atMost(60), atMostTimes(1 / faster, NODE)];
  rows.push(
    row(
      `acquire + release(${name})`,
      figures.off,
      { [NODE]: figures.node, 'leak detection simple': figures.simple, paranoid: figures.paranoid },
      { budgets },
    ),
  );
  pools.forEach((pool) => pool.dispose());
}

// The Buffer that is released is the one that was acquired last.
const pool = new BufferPool();
const alternating = ownLoop(
  { pool, size: 16 * KiB },
  'for (let i = 0; i < 50_000; i++) pool.release(pool.acquire(size));',
);
const node = ownLoop(
  { size: 16 * KiB },
  'let last; for (let i = 0; i < 5_000; i++) last = Buffer.allocUnsafe(size); return last;',
);
const figures = await compare({
  alternating: { run: alternating, operations: 50_000 },
  node: { run: node, operations: 5_000 },
});
rows.push(row('acquire + release(16 KiB), none kept', figures.alternating, { [NODE]: figures.node }));
pool.dispose();

report({ question: 'buffer-pool: one Buffer, the last 1,024 kept', rows });
