// Runs every question in a process of its own, prints the table and writes it down:
//
//   npm run bench                        all of them; JSON and a chart go to bench/results/
//   npm run bench -- alloc start-over    some of them; nothing is written
//   npm run bench -- --save              the chart goes to docs/assets/ and the tables into docs/performance.md and docs/comparison.md, too
//   npm run bench -- --save comparison   the tables of this question go into docs/comparison.md
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { format, resolveConfig } from 'prettier';

import { drawChart } from './support/chart.mjs';
import { formatAlternatives, formatMarkdown, formatTable } from './support/table.mjs';

/** The question with a page of its own. */
const COMPARISON = 'comparison';
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
  COMPARISON,
];

const { values: options, positionals } = parseArgs({ options: { save: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.find((name) => !QUESTIONS.includes(name));
if (unknown !== undefined || (options.save && positionals.some((name) => name !== COMPARISON))) {
  console.error(`Expected some of ${QUESTIONS.join(', ')}; or --save, with all of them or with ${COMPARISON}`);
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
const alternatives = [];
for (const name of all ? QUESTIONS : positionals) {
  process.stderr.write(`${name} …\n`);
  (name === COMPARISON ? alternatives : answers).push(...(await ask(name)));
}
load.push(loadavg()[0]);

const caption = `Node.js ${process.version}, ${machine}, load ${load.map((value) => value.toFixed(1)).join(' to ')}`;
console.log(
  `\n${caption}\nMedian and best of many samples; ratio: offheap ÷ reference\n\n${formatTable([...answers, ...alternatives])}`,
);
const missed = answers.flatMap(({ rows }) => rows.flatMap(({ budgets }) => budgets.filter(({ met }) => !met)));
console.log(missed.length === 0 ? '\nEvery budget is met.' : `\nMissed budgets: ${missed.length}.`);

if (all) {
  const chart = drawChart(`offheap on Node.js ${process.version}`, answers);
  write(
    `results/${process.version}.json`,
    `${JSON.stringify({ node: process.version, machine, load, answers: [...answers, ...alternatives] }, null, 2)}\n`,
  );
  write(`results/${process.version}.svg`, chart);
  if (options.save) {
    const name = `node${process.versions.node.split('.')[0]}`;
    write(`../docs/assets/bench-${name}.svg`, chart);
    await save('performance', name, `${formatMarkdown(answers)}\n\n![The same as a chart](assets/bench-${name}.svg)`);
  }
}
if (options.save) {
  await save('comparison', COMPARISON, formatAlternatives(alternatives));
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

/** Puts text between the markers of this name on a page of docs/. */
async function save(page, name, content) {
  const path = fileURLToPath(new URL(`../docs/${page}.md`, import.meta.url));
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const text = readFileSync(path, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`docs/${page}.md has no ${begin} … ${end}`);
  }
  const whole = `${text.slice(0, from)}${begin}\n\n${caption}.\n\n${content}\n\n${text.slice(to)}`;
  writeFileSync(path, await format(whole, { ...(await resolveConfig(path)), filepath: path }));
}
