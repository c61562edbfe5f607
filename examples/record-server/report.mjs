// What was measured, as a table and in words.
import { count, mebibytes, milliseconds, nanoseconds } from '../support/figures.mjs';
import { alignColumns } from '../support/table.mjs';
import { KINDS } from './requests.mjs';

const CLEAR = 1.25; // what differs by less may be chance
const DISTURBING = 0.4; // CPUs that others use

const KIND_NAMES = {
  batch: '100 readings come in',
  summary: 'summary of 60 readings',
  log: '50 readings as JSON',
  alerts: 'acknowledge alerts',
};

const rows = [
  ['load the file', ({ times }) => milliseconds(times.load)],
  ['load it again, saved by save()', ({ times }) => (times.restart === null ? '—' : milliseconds(times.restart))],
  ['resident after loading', ({ resident }) => mebibytes(resident.loaded)],
  ['resident at the end', ({ resident }) => mebibytes(resident.end)],
  ['one pass over all speeds', ({ times }) => milliseconds(times.fleet)],
  ['requests per second, at most', ({ perSecond }) => count(perSecond)],
  ['a request while nobody else asks'],
  ...KINDS.map((kind) => [`  ${KIND_NAMES[kind]}`, ({ alone }) => nanoseconds(alone[kind])]),
  [''],
  ['requests', ({ count: requests }) => count(requests)],
  ...['p50', 'p90', 'p99', 'p99.9', 'max'].map((name) => [
    `latency ${name}`,
    ({ latencies }) => nanoseconds(latencies[name]),
  ]),
  [''],
  ['garbage collections', ({ gc }) => count(gc.count)],
  ['their pauses together', ({ gc }) => milliseconds(gc.total)],
  ['the longest', ({ gc }) => milliseconds(gc.longest)],
  [
    'major ones, the longest',
    ({ gc: { major } }) => (major.count === 0 ? '0' : `${major.count}, ${milliseconds(major.longest)}`),
  ],
  ['longest stall of the event loop', ({ stall }) => milliseconds(stall)],
  ['CPUs used by other programs', ({ others }) => others.toFixed(1)],
];

/** A line for each figure, with a column for each variant. */
export function formatTable(results) {
  return alignColumns(
    [['', (result) => result.title], ...rows].map(([title, cell]) => [
      title,
      ...results.map((result) => cell?.(result) ?? ''),
    ]),
  );
}

/** What the figures say about two of the variants: what is not clear is not claimed. */
export function formatVerdict(own, other) {
  const ratio = other.resident.loaded / own.resident.loaded;
  const busy = Math.max(own.others, other.others);
  const latencies =
    busy > DISTURBING
      ? [`Other programs used ${busy.toFixed(1)} CPUs meanwhile: this run says nothing about latencies.`]
      : [
          compare('At p99 a request takes', own, other, ({ latencies }) => latencies.p99),
          compare('At p99.9 it takes', own, other, ({ latencies }) => latencies['p99.9']),
          compare('Alone, 50 whole readings as JSON take', own, other, ({ alone }) => alone.log),
        ];
  return [
    `Loaded, offheap holds ${mebibytes(own.resident.loaded)} and ${other.title} ${mebibytes(other.resident.loaded)}, ` +
      `${ratio.toFixed(1)} times as much.`,
    `The collector paused them for ${milliseconds(own.gc.total)} and ${milliseconds(other.gc.total)}.`,
    ...latencies,
  ].join('\n');
}

function compare(what, own, other, read) {
  const [mine, others] = [read(own), read(other)];
  const figures = `${nanoseconds(mine)} with offheap and ${nanoseconds(others)} with ${other.title}`;
  const isClear = Math.max(mine / others, others / mine) >= CLEAR;
  return isClear ? `${what} ${figures}.` : `${what} about the same: ${figures}.`;
}
