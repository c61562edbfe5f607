// What do Node's own Buffers cost with offheap/global and without, written to, and kept or dropped?
import './support/prepare.mjs';

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { BumpArenaLazy, KiB, MiB } from '../dist/index.mjs';
import { summarize } from './support/measure.mjs';
import { atMostTimes, report, row } from './support/report.mjs';

const execute = promisify(execFile);
const PROCESS = fileURLToPath(new URL('support/global-process.mjs', import.meta.url));
const RUNS = 5;
const TOTAL = 400e6; // bytes
const WARM = 1024 * MiB;
const IDLE = 4000; // milliseconds
const ROUTED = ['--import', 'offheap/global'];

/**
 * Touches more memory than a run needs and gives it back. A virtual machine may have to ask its host for memory that nobody has
 * used for some seconds; with that, a page fault costs twenty times as much. See docs/global.md.
 */
function warmUp() {
  const arena = new BumpArenaLazy(WARM);
  const block = arena.alloc(WARM);
  for (let offset = 0; offset < WARM; offset += 4 * KiB) {
    block[offset] = 1;
  }
  arena.dispose();
}

async function measure(flags, size, mode, total, prepare = warmUp) {
  await prepare();
  const { stdout } = await execute(process.execPath, [...flags, PROCESS, String(size), mode, String(total)]);
  return JSON.parse(stdout);
}

/** A row of both ways, which take turns. */
async function compare(name, { size, mode, total = TOTAL, prepare = warmUp, runs = RUNS, budgets = [] }) {
  const [plain, routed] = [[], []];
  for (let run = 0; run < runs; run++) {
    plain.push((await measure([], size, mode, total, prepare)).nanoseconds);
    routed.push((await measure(ROUTED, size, mode, total, prepare)).nanoseconds);
  }
  return row(name, summarize(routed), { 'without offheap/global': summarize(plain) }, { budgets });
}

const rows = [];
for (const mode of ['kept', 'dropped']) {
  for (const size of [16 * KiB, 64 * KiB]) {
    const budgets = [atMostTimes(mode === 'kept' ? 0.5 : 1, 'without offheap/global')];
    rows.push(await compare(`Buffer.allocUnsafe(${size / KiB} KiB), written and ${mode}`, { size, mode, budgets }));
  }
}

// Small ones, for which Node.js has a pool of its own.
for (const [name, mode] of [
  ['Buffer.allocUnsafe(96), written and dropped', 'dropped'],
  ['Buffer.concat of 8 parts of 12 bytes', 'joined'],
]) {
  rows.push(await compare(name, { size: 96, mode, total: TOTAL / 4 }));
}

// Large ones where nobody has used the memory for a while.
const idle = () => sleep(IDLE);
for (const size of [16 * KiB, 64 * KiB]) {
  const name = `${size / KiB} KiB, kept, ${IDLE / 1000} s after the last program`;
  rows.push(await compare(name, { size, mode: 'kept', prepare: idle, runs: 3 }));
}

// What a server does all day: 4 GB of Buffers, each dropped. The memory has 1 GiB.
const [served, servedPlain] = [
  await measure(ROUTED, 64 * KiB, 'dropped', 4e9),
  await measure([], 64 * KiB, 'dropped', 4e9),
];
rows.push(
  row(
    'resident after 4 GB of dropped Buffers',
    summarize([served.resident / MiB]),
    { 'without offheap/global': summarize([servedPlain.resident / MiB]) },
    { unit: 'MiB' },
  ),
);
report({ question: 'offheap/global: 400 MB of Buffers in a process of their own, median of five', rows });
