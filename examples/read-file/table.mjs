import { KiB, MiB } from 'offheap';

const BYTES_PER_BAR = 8 * MiB;

const columns = [
  { title: (blockSize) => `${blockSize / KiB} KiB blocks`, width: -25, cell: ({ name }) => name },
  { title: 'time', width: 8, cell: ({ time }) => `${Math.round(time)} ms` },
  {
    title: 'allocations',
    width: 13,
    cell: ({ allocations }) => `${round((allocations.count / allocations.time) * 1000).toLocaleString('en')}/s`,
  },
  { title: 'GCs', width: 5, cell: ({ gc }) => String(gc.count) },
  { title: 'pause', width: 7, cell: ({ gc }) => `${Math.round(gc.pause)} ms` },
  { title: 'peak', width: 9, cell: ({ peak }) => `${Math.round(peak / MiB)} MiB` },
  { title: '', width: -1, cell: ({ peak }) => ` ${'█'.repeat(Math.round(peak / BYTES_PER_BAR))}` },
];

export function printHead(blockSize) {
  console.log();
  print(columns.map(({ title }) => (typeof title === 'function' ? title(blockSize) : title)));
}

export function printRow(result) {
  print(columns.map(({ cell }) => cell(result)));
}

/** A negative width means flush left. */
function print(cells) {
  const padded = cells.map((cell, i) => {
    const { width } = columns[i];
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  console.log(padded.join(' ').trimEnd());
}

/** To three digits; there is no more truth in them. */
function round(number) {
  return Number(number.toPrecision(3));
}
