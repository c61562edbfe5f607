// Runs every question in a process of its own, prints the table and writes it down:
//
//   npm run bench                        all of them; JSON and a chart go to bench/results/
//   npm run bench -- alloc start-over    some of them; nothing is written
//   npm run bench -- --save              the chart goes to docs/assets/ and the table into docs/performance.md, too
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { format, resolveConfig } from 'prettier';

import { drawChart } from './support/chart.mjs';
import { formatMarkdown, formatTable } from './support/table.mjs';

const QUESTIONS = [
  'alloc-offset',
  'alloc',
  'start-over',
  'reserve',
  'first-touch',
  'resident',
  'views-read',
  'records',
  'records-live',
  'record-fields',
  'allocators',
  'collections',
  'bump-alloc',
  'global',
  'buffer-pool',
  'request-arena',
];

const { values: options, positionals } = parseArgs({ options: { save: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.find((name) => !QUESTIONS.includes(name));
if (unknown !== undefined || (options.save && positionals.length > 0)) {
  console.error(`Expected some of ${QUESTIONS.join(', ')}; or --save, with all of them`);
  process.exit(2);
}
const all = positionals.length === 0;

const machine = `${cpus()[0].model}, ${cpus().length} CPUs, ${process.platform} ${process.arch}`;
const load = [loadavg()[0]];
if (load[0] > 0.5) {
  console.warn(
    `Other programs keep this machine busy (load ${load[0].toFixed(1)}): expect more than usual of what collects garbage.`,
  );
}
const answers = [];
for (const name of all ? QUESTIONS : positionals) {
  process.stderr.write(`${name} …\n`);
  answers.push(...(await ask(name)));
}
load.push(loadavg()[0]);

const caption = `Node.js ${process.version}, ${machine}, load ${load.map((value) => value.toFixed(1)).join(' to ')}`;
console.log(`\n${caption}\nMedian and best of many samples; ratio: offheap ÷ reference\n\n${formatTable(answers)}`);
const missed = answers.flatMap(({ rows }) => rows.flatMap(({ budgets }) => budgets.filter(({ met }) => !met)));
console.log(missed.length === 0 ? '\nEvery budget is met.' : `\nMissed budgets: ${missed.length}.`);

if (all) {
  const chart = drawChart(`offheap on Node.js ${process.version}`, answers);
  write(
    `results/${process.version}.json`,
    `${JSON.stringify({ node: process.version, machine, load, answers }, null, 2)}\n`,
  );
  write(`results/${process.version}.svg`, chart);
  if (options.save) {
    await save(chart);
  }
}

/** Answers from a process of its own, so that no question sees the heap or the compiled code of another. */
function ask(name) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL(`${name}.mjs`, import.meta.url)));
    let answer;
    child.on('message', (message) => (answer = message));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0 && answer !== undefined) {
        resolve(answer);
      } else {
        reject(new Error(`bench/${name}.mjs gave no answer (${signal ?? `exit code ${code}`})`));
      }
    });
  });
}

function write(path, content) {
  const file = new URL(path, import.meta.url);
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, content);
}

/** The part of docs/performance.md between the markers of this major version. */
async function save(chart) {
  const name = `node${process.versions.node.split('.')[0]}`;
  write(`../docs/assets/bench-${name}.svg`, chart);
  const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`docs/performance.md has no ${begin} … ${end}`);
  }
  const part = `${begin}\n\n${caption}.\n\n${formatMarkdown(answers)}\n\n![The same as a chart](assets/bench-${name}.svg)\n\n`;
  const whole = text.slice(0, from) + part + text.slice(to);
  writeFileSync(page, await format(whole, { ...(await resolveConfig(page)), filepath: page }));
}
