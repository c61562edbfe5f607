import { mebibytes, median, milliseconds } from '../support/figures.mjs';
import { alignColumns } from '../support/table.mjs';

const ROWS = [
  ['time to load', (run) => run.milliseconds, milliseconds],
  ['CPU time', (run) => run.cpu, milliseconds],
  ['garbage collections', ({ gc }) => gc.count, String],
  ['their pauses together', ({ gc }) => gc.total, milliseconds],
  ['the longest', ({ gc }) => gc.longest, milliseconds],
  ['resident after loading', ({ resident }) => resident, mebibytes],
  ['resident, at most', ({ peak }) => peak, mebibytes],
];

/** A line for each figure, the median of all runs, with a column for each way. */
export function formatTable(results, others) {
  return alignColumns([
    ['', ...results.map(({ title }) => title)],
    ...ROWS.map(([title, value, format]) => [title, ...results.map(({ runs }) => format(median(runs.map(value))))]),
    ['CPUs used by other programs', others.toFixed(1), ''],
  ]);
}
