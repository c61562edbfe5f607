// A server that is sent pictures of 16 KiB to 4 MiB and answers with softened ones, with Node's own Buffers and with
// offheap: `npm run example:image-server`. Each request takes a body, a plane of scratch memory and an answer, all of the
// picture's size. `npm run demo` ends with a short run.
//
// The parts: api.mjs answers requests (picture.mjs, soften.mjs) in server.mjs, with memory from one of the modules
// memory-….mjs, which is all that differs. load.mjs is autocannon in another process, clients.mjs are those that break
// off, dawdle and lie. measure.mjs and hostile.mjs let them meet, report.mjs and chart.mjs show what was found.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';

import { progress } from '../support/progress.mjs';
import { drawChart } from './chart.mjs';
import { endure } from './endure.mjs';
import { measureSize } from './measure.mjs';
import { formatSize, readOptions, USAGE, VARIANTS } from './options.mjs';
import { formatCaveat, formatEndurance, formatLegend, formatTable, formatVerdict } from './report.mjs';

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

async function run(options) {
  const start = performance.now();
  const [{ model }] = cpus();
  console.log(
    `Pictures behind HTTP. Node.js ${process.version}, ${model}, ${cpus().length} CPUs, load ${loadavg()[0].toFixed(1)}`,
  );
  await (options.hostile ? endureAll(options) : compare(options));
  console.log(`It took ${Math.round((performance.now() - start) / 1000)} s.`);
}

async function compare(options) {
  const { sizes, variants, svg } = options;
  const cells = [];
  for (const size of sizes) {
    const onStep = (step) => progress.step(`${formatSize(size)}: ${step}`);
    const results = await measureSize(size, variants, options, onStep, showDashboards);
    if (results.some(({ digest }) => digest !== results[0].digest)) {
      throw new Error(`Not the same answers: ${results.map(({ variant, digest }) => `${variant} ${digest}`)}`);
    }
    cells.push({ size, results });
  }
  progress.clear();

  console.log(`\n${formatTable(cells)}\n\n${formatLegend(options)}`);
  if (variants.includes('buffers')) {
    const others = variants.filter((variant) => variant !== 'buffers');
    others.forEach((variant) => console.log(`\n${formatVerdict(cells, variant)}`));
  }
  const caveat = formatCaveat(cells);
  if (caveat !== null) {
    console.log(`\n${caveat}`);
  }
  await mkdir(dirname(svg), { recursive: true });
  await writeFile(svg, drawChart(cells));
  console.log(`\nChart: ${svg}${variants.length > 1 ? '\nAll answers agree.' : ''}`);
}

function showDashboards(servers) {
  const links = servers.map(({ variant, dashboard }) => `${VARIANTS[variant]} ${dashboard}`);
  progress.line(`Dashboards: ${links.join('  ')}`);
}

async function endureAll(options) {
  const results = [];
  for (const variant of options.variants) {
    results.push(
      await endure(variant, options, (step) => progress.step(`${VARIANTS[variant]}: ${step}`), showDashboards),
    );
  }
  progress.clear();
  console.log(`\n${formatEndurance(results)}\n`);
  const forgetful = results.filter(({ live, failed }) => live > 0 || failed > 0);
  if (forgetful.length > 0) {
    throw new Error(`Requests have failed, or left memory behind: ${forgetful.map(({ variant }) => variant)}`);
  }
  console.log('Every client had the answer that it deserves, and pools have all their memory back.');
}
