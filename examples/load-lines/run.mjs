// Loads a large file of JSON lines by streams, as it is and with offheap/global: `npm run example:load-lines`. The program that
// loads, load.mjs and table.mjs, is the same, and knows nothing of offheap.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';

import { ownTime, watchOthers } from '../support/others.mjs';
import { progress } from '../support/progress.mjs';
import { makeInput } from './input.mjs';
import { readOptions, USAGE } from './options.mjs';
import { formatTable } from './summary.mjs';

const execute = promisify(execFile);
const LOAD = fileURLToPath(new URL('load.mjs', import.meta.url));
const VARIANTS = [
  { title: 'Node.js', flags: [] },
  { title: 'offheap/global', flags: ['--import', 'offheap/global'] },
];

let options;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error.message}\n\n${USAGE}`);
  process.exit(2);
}
if (options === null) {
  console.log(USAGE);
} else {
  await run(options);
}

async function run({ file, own, megabytes, runs }) {
  if (own) {
    await makeInput(file, megabytes);
  }
  const results = VARIANTS.map(({ title }) => ({ title, runs: [] }));
  const othersSince = await watchOthers(async () => ownTime() + childrenTime(results));
  for (let i = 0; i < runs; i++) {
    progress.rewrite(`Loading ${file}: ${i} of ${runs}`);
    for (const [number, { flags }] of VARIANTS.entries()) {
      results[number].runs.push(await load(file, flags, megabytes));
    }
  }
  const others = await othersSince();
  progress.clear();

  const [{ found }] = results[0].runs;
  console.log(
    `${file}: ${found.lines.toLocaleString('en')} lines, ${(found.bytes / 1024 / 1024).toFixed(0)} MiB. ` +
      `Node.js ${process.version}, median of ${runs}\n\n${formatTable(results, others)}\n`,
  );
  const wrong = results.flatMap((result) => result.runs).filter((each) => !isDeepStrictEqual(each.found, found));
  if (wrong.length > 0) {
    throw new Error(`The ways found different lines: ${JSON.stringify([found, ...wrong.map((each) => each.found)])}`);
  }
  console.log('Both hold the same lines.');
}

/** Milliseconds of CPU time that the processes have used, as far as they say. */
function childrenTime(results) {
  return results.flatMap(({ runs }) => runs).reduce((sum, { cpu }) => sum + cpu, 0);
}

async function load(file, flags, megabytes) {
  // Room for the lines twice, as they come from the stream and cut at their ends.
  const env = { ...process.env, OFFHEAP_GLOBAL_SIZE: `${Math.max(1024, 3 * megabytes)}m` };
  const { stdout } = await execute(process.execPath, [...flags, LOAD, file], { env });
  return JSON.parse(stdout);
}
