import { mebibytes, milliseconds } from '../record-server/report.mjs';

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
  const lines = [
    ['', ...results.map(({ title }) => title)],
    ...ROWS.map(([title, value, format]) => [title, ...results.map(({ runs }) => format(median(runs.map(value))))]),
    ['CPUs used by other programs', others.toFixed(1), ''],
  ];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map(([title, ...cells]) =>
      [title.padEnd(widths[0]), ...cells.map((cell, i) => cell.padStart(widths[i + 1]))].join('   ').trimEnd(),
    )
    .join('\n');
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
