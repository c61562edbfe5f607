// What was measured, as a table and in words.
import { count, milliseconds } from '../support/figures.mjs';
import { alignColumns } from '../support/table.mjs';
import { VARIANTS } from './options.mjs';

const CLEAR = 1.25; // what differs by less may be chance
const DISTURBING = 0.4; // CPUs that others use

/** To three digits; there is no more truth in them. */
const rate = (number) => Number(number.toPrecision(3)).toLocaleString('en');

const rows = [
  ['', ({ variant }) => VARIANTS[variant]],
  ['seconds', ({ seconds }) => seconds.toFixed(2)],
  ['seconds of CPU time', ({ cpu }) => cpu.toFixed(2)],
  ['rays per second', ({ rays, seconds }) => rate(rays / seconds)],
  ['allocations', ({ allocations }) => count(allocations)],
  ['resets per second', ({ resets, seconds }) => (resets === 0 ? '—' : rate(resets / seconds))],
  ['garbage collections', ({ gc }) => count(gc.count)],
  ['their pauses together', ({ gc }) => milliseconds(gc.total)],
  ['the longest', ({ gc }) => milliseconds(gc.longest)],
  ['CPUs used by other programs', ({ others }) => others.toFixed(1)],
];

/** A line for each figure, with a column for each variant. */
export function formatTable(results) {
  return alignColumns(rows.map(([title, cell]) => [title, ...results.map(cell)]));
}

/** What the figures say about two variants, in whoever's favour it is. */
export function formatVerdict(own, other) {
  const [mine, others] = [own, other].map(({ variant }) => VARIANTS[variant]);
  const collector =
    `The collector ran ${count(own.gc.count)} times with ${mine} and ${count(other.gc.count)} times with ${others}, ` +
    `and took ${milliseconds(own.gc.total)} and ${milliseconds(other.gc.total)}.`;
  return `${compareSpeed(mine, others, other.seconds / own.seconds)}\n${collector}`;
}

function compareSpeed(mine, others, ratio) {
  if (Math.max(ratio, 1 / ratio) < CLEAR) {
    return `${mine} takes about as long as ${others}.`;
  }
  const [fast, slow] = ratio > 1 ? [mine, others] : [others, mine];
  return `${slow} takes ${Math.max(ratio, 1 / ratio).toFixed(1)} times as long as ${fast}.`;
}

/** What to think of figures that other programs had a part in; `null` where they had none. */
export function formatCaveat(results) {
  const busy = Math.max(...results.map(({ others }) => others));
  return busy > DISTURBING
    ? `Other programs used ${busy.toFixed(1)} CPUs meanwhile: this run says little about times and pauses.`
    : null;
}
