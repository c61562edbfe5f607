// What do Node's own Buffers cost with offheap/global and without, written to, and kept or dropped?
import './support/prepare.mjs';

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { BumpArenaLazy, KiB, MiB } from '../dist/index.mjs';
import { summarize } from './support/measure.mjs';
import { atMostTimes, report, row } from './support/report.mjs';

const execute = promisify(execFile);
const PROCESS = fileURLToPath(new URL('support/global-process.mjs', import.meta.url));
const RUNS = 5;
const TOTAL = 400e6; // bytes
const WARM = 1024 * MiB;

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

/** Nanoseconds a Buffer, in a process of its own. */
async function measure(flags, size, mode) {
  warmUp();
  const { stdout } = await execute(process.execPath, [...flags, PROCESS, String(size), mode, String(TOTAL)]);
  return Number(stdout);
}

const rows = [];
for (const mode of ['kept', 'dropped']) {
  for (const size of [16 * KiB, 64 * KiB]) {
    const [plain, routed] = [[], []];
    for (let run = 0; run < RUNS; run++) {
      plain.push(await measure([], size, mode));
      routed.push(await measure(['--import', 'offheap/global'], size, mode));
    }
    rows.push(
      row(
        `Buffer.allocUnsafe(${size / KiB} KiB), written and ${mode}`,
        summarize(routed),
        { 'without offheap/global': summarize(plain) },
        { budgets: [atMostTimes(mode === 'kept' ? 0.5 : 1, 'without offheap/global')] },
      ),
    );
  }
}
report({ question: 'offheap/global: 400 MB of Buffers in a process of their own, median of five', rows });
