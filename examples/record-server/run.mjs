// A server with ten million live records, with offheap and with objects, one after the other and under the same load:
// `node examples/record-server/run.mjs`. `npm run demo` ends with a million of them.
//
// The parts: input.mjs writes the file, server.mjs is loaded from it and answers (api.mjs, queries.mjs) from one of the
// stores, load.mjs asks, variants.mjs measures both, report.mjs and chart.mjs show what was found.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { progress } from '../support/progress.mjs';
import { drawChart } from './chart.mjs';
import { makeInput } from './input.mjs';
import { WINDOW } from './reading.mjs';
import { formatTable, formatVerdict } from './report.mjs';
import { heapOptions, measure, VARIANTS } from './variants.mjs';

const USAGE = `Usage: node examples/record-server/run.mjs [options]

  --records <count>      live records, a multiple of ${WINDOW}; 10,000,000 by default
  --seconds <count>      how long latencies are measured; 20 by default
  --connections <count>  between load generator and server; 32 by default
  --rate <count>         requests per second; by default a quarter of what the first server can answer
  --variants <names>     some of ${Object.keys(VARIANTS).join(',')}; all by default
  --svg <path>           where the chart goes; by default into the system's folder for temporary files`;

const FOLDER = join(tmpdir(), 'offheap-record-server');
const OPTIONS = {
  records: { type: 'string', default: '10000000' },
  seconds: { type: 'string', default: '20' },
  connections: { type: 'string', default: '32' },
  rate: { type: 'string' },
  variants: { type: 'string', default: Object.keys(VARIANTS).join(',') },
  svg: { type: 'string', default: join(FOLDER, 'record-server.svg') },
  help: { type: 'boolean', default: false },
};

const start = performance.now();
const options = readOptions();
if (options === null) {
  console.log(USAGE);
} else {
  await run(options);
}

async function run({ records, names, svg, ...load }) {
  const path = join(FOLDER, `readings-${records}.csv`);
  names.forEach((name) => heapOptions(name, records)); // before any work is done for nothing
  const amount = records.toLocaleString('en');
  const [{ model }] = cpus();
  console.log(
    `${amount} live records behind HTTP. Node.js ${process.version}, ${model}, ${cpus().length} CPUs, ` +
      `load ${loadavg()[0].toFixed(1)}`,
  );
  const isNew = await makeInput(path, records / WINDOW, (done) => {
    progress.rewrite(`writing the file: ${Math.floor((done / records) * 100)} %`);
  });
  progress.clear();
  console.log(`${isNew ? 'Wrote' : 'Found'} ${path}, which is kept for the next run`);

  const results = [];
  let rate = load.rate;
  for (const name of names) {
    const { title } = VARIANTS[name];
    const result = await measure(name, { ...load, path, records, rate }, (step) => progress.step(`${title}: ${step}`));
    rate = result.rate;
    results.push(result);
  }
  progress.clear();

  console.log(`\n${formatTable(results)}\n`);
  console.log(`Latencies and garbage collections: at ${rate} requests per second for ${load.seconds} s`);
  results
    .filter(({ heap }) => heap.length > 0)
    .forEach(({ title, heap }) => console.log(`${title}: with node ${heap.join(' ')}`));
  const [own, ...others] = results;
  if (own.name === 'offheap') {
    others.forEach((other) => console.log(`\n${formatVerdict(own, other)}`));
  }
  if (!names.includes('reused')) {
    console.log(
      `\nObjects that are written over instead of being replaced may pause less: --variants ${Object.keys(VARIANTS)}`,
    );
  }
  if (results.some(({ found }) => found !== own.found)) {
    throw new Error(`The servers give different answers: ${results.map(({ title, found }) => `${title} ${found}`)}`);
  }
  await mkdir(dirname(svg), { recursive: true });
  await writeFile(svg, drawChart(`${amount} live records behind HTTP, ${rate} requests per second`, results));
  console.log(`\nChart: ${svg}\nAll answers agree. It took ${Math.round((performance.now() - start) / 1000)} s.`);
}

/** What the command line says; `null` where it asks what it may say. */
function readOptions() {
  try {
    const { help, records, seconds, connections, rate, variants, svg } = parseArgs({ options: OPTIONS }).values;
    const names = variants.split(',');
    const isKnown = names.every((name) => Object.hasOwn(VARIANTS, name));
    if (help || !isKnown || records % WINDOW !== 0) {
      process.exitCode = help ? 0 : 2;
      return null;
    }
    const load = { seconds: count(seconds), connections: count(connections), rate: rate && count(rate) };
    return { ...load, records: count(records), names, svg: resolve(svg) };
  } catch (error) {
    console.error(`${error.message}\n`);
    process.exitCode = 2;
    return null;
  }
}

function count(value) {
  if (!/^[1-9]\d*$/.test(value)) {
    throw new Error(`Expected a count. Received ${value}`);
  }
  return Number(value);
}
