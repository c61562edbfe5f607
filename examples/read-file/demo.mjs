// Reads a large file in three ways and compares them: `npm run demo`. The ways are in variants.mjs.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';

import { KiB, MiB } from 'offheap';

import { largestFile, summarizeFile } from './input.mjs';
import { printHead, printRow } from './table.mjs';
import { BLOCKS_PER_BATCH, variants } from './variants.mjs';

const run = promisify(execFile);
const MEASURE = fileURLToPath(new URL('measure.mjs', import.meta.url));
const BYTES_PER_VARIANT = 512 * MiB;

const { path, size } = largestFile();
const passes = Math.ceil(BYTES_PER_VARIANT / size);
console.log(
  `Reading ${path}, ${(size / MiB).toFixed(1)} MiB, ${passes} times, in batches of ${BLOCKS_PER_BATCH} blocks`,
);

const expected = summarizeFile(path);
const failures = [];
for (const blockSize of [64 * KiB, MiB]) {
  printHead(blockSize);
  for (const name of Object.keys(variants)) {
    // One at a time, each with a fresh heap, and a peak of its own.
    const { stdout } = await run(process.execPath, [MEASURE, path, name, blockSize, passes].map(String));
    const result = JSON.parse(stdout);
    printRow({ name, ...result });
    if (!result.found.every((summary) => isDeepStrictEqual(summary, expected))) {
      failures.push({ name, blockSize, found: result.found });
    }
  }
}

console.log(`
allocations: per second spent in alloc() and reset()    pause: of all GCs together
peak: resident memory of the process, with Node.js itself; █ is 8 MiB
`);
if (failures.length === 0) {
  console.log(`All digests agree: ${expected.lines.toLocaleString('en')} lines, sha256 ${expected.digest}`);
} else {
  console.error('Digests differ.', { expected, failures });
  process.exitCode = 1;
}
