// Are typed arrays over an arena as fast as others?
import './support/prepare.mjs';

import { BumpArenaLazy, KiB } from '../dist/index.mjs';
import { compare, ownLoop } from './support/measure.mjs';
import { report, row } from './support/report.mjs';

const BYTES = 16 * KiB; // stays in the nearest cache
const PASSES = 16;

/** With a bitwise operator, so that no sum becomes a double. */
function read(view, count, expression) {
  const body = `
    let bits = 0;
    for (let pass = 0; pass < ${PASSES}; pass++) {
      for (let i = 0; i < ${count}; i++) bits ^= ${expression};
    }
    return bits;`;
  return { run: ownLoop({ view }, body), operations: PASSES * count };
}

const arena = new BumpArenaLazy(BYTES);
const { buffer: external } = arena.alloc(BYTES);
const fixed = new ArrayBuffer(BYTES);
const resizable = new ArrayBuffer(BYTES, { maxByteLength: 2 * BYTES });

const rows = [];
for (const [work, make, count, expression] of [
  ['Uint8Array', (buffer) => new Uint8Array(buffer), BYTES, 'view[i]'],
  ['Int32Array', (buffer) => new Int32Array(buffer), BYTES / 4, 'view[i]'],
  ['Float64Array', (buffer) => new Float64Array(buffer), BYTES / 8, 'view[i]'],
  ['DataView getInt32', (buffer) => new DataView(buffer), BYTES / 4, 'view.getInt32(i * 4, true)'],
]) {
  const figures = await compare({
    external: read(make(external), count, expression),
    fixed: read(make(fixed), count, expression),
    resizable: read(make(resizable), count, expression),
  });
  rows.push(
    row(`${work}, one element`, figures.external, {
      'fixed ArrayBuffer': figures.fixed,
      'resizable ArrayBuffer': figures.resizable,
    }),
  );
}

report({ question: 'Reading through views', rows });
