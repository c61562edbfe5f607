// What was measured, as a table and in words.
import { count, mebibytes, milliseconds, nanoseconds } from '../support/figures.mjs';
import { alignColumns } from '../support/table.mjs';
import { CLIENTS } from './clients.mjs';
import { MALLOC } from './measure.mjs';
import { formatSize, VARIANTS } from './options.mjs';

const CLEAR = 1.05; // what differs by less may be chance
const DISTURBING = 0.2; // CPUs that others use

const COLUMNS = [
  ['requests/s', ({ perSecond }) => count(perSecond)],
  ['p50', ({ latencies }) => nanoseconds(latencies.p50)],
  ['p99', ({ latencies }) => nanoseconds(latencies.p99)],
  ['p99.9', ({ latencies }) => nanoseconds(latencies['p99.9'])],
  ['CPU/request', ({ cpu }) => milliseconds(cpu)],
  ['GCs', ({ gc }) => count(gc.count)],
  ['together', ({ gc }) => milliseconds(gc.total)],
  ['longest', ({ gc }) => milliseconds(gc.longest)],
  ['delay p99', ({ delay }) => milliseconds(delay)],
  ['resident', ({ peak }) => mebibytes(peak)],
  ['after', ({ after }) => mebibytes(after.resident)],
];

/** A line for each variant, below the size of the pictures. */
export function formatTable(cells) {
  const lines = cells.flatMap(({ size, results }) => [
    [formatSize(size), ...COLUMNS.map(() => '')],
    ...results.map((result) => [`  ${VARIANTS[result.variant]}`, ...COLUMNS.map(([, format]) => format(result))]),
  ]);
  return alignColumns([['', ...COLUMNS.map(([title]) => title)], ...lines]);
}

/** What the columns are. */
export function formatLegend({ seconds, rounds, connections, settle, malloc }) {
  const variables = Object.entries(MALLOC[malloc]).map((entry) => entry.join('='));
  return [
    `Medians of ${rounds} rounds of ${seconds} s in which the variants take turns, with ${connections} connections. GCs: garbage`,
    `collections of a round, what their pauses took together, and the longest of all. delay: of the event loop.`,
    `resident: memory at most; after: ${settle} s after the load.`,
    `All servers run with ${variables.length > 0 ? variables.join(' ') : "glibc's malloc as the system has it"}.`,
  ].join('\n');
}

/** What the figures say about a variant beside Buffers, in whoever's favour it is. What is not clear is not claimed. */
export function formatVerdict(cells, variant) {
  const lines = [
    ['CPU per request', ({ cpu }) => cpu],
    ['latency at p99', ({ latencies }) => latencies.p99],
    ['pauses of the collector', ({ gc }) => gc.perRequest],
  ].map(([title, read]) => {
    const parts = cells.map(({ size, results }) => {
      const [own, other] = [variant, 'buffers'].map((name) => read(results.find((result) => result.variant === name)));
      return `${formatSize(size)} ${formatChange(own / other)}`;
    });
    return `  ${title}: ${parts.join(', ')}`;
  });
  return [`${VARIANTS[variant]} beside Buffers:`, ...lines].join('\n');
}

function formatChange(ratio) {
  if (Math.max(ratio, 1 / ratio) < CLEAR) {
    return 'about the same';
  }
  const percent = Math.round((ratio - 1) * 100);
  return percent > 0 ? `+${percent} %` : `−${-percent} %`;
}

const bytesOrNone = (bytes) => (bytes === null ? '—' : mebibytes(bytes));

const ENDURANCE = [
  ['pictures by autocannon', (result) => count(result.count)],
  ...COLUMNS.slice(0, 5),
  [''],
  ['visits of one that'],
  ...Object.keys(CLIENTS).map((kind) => [`  ${kind}`, ({ visits }) => count(visits[kind])]),
  [''],
  ['requests answered', ({ answered }) => count(answered)],
  ['  broken off by the client', ({ aborted }) => count(aborted)],
  ['  refused', ({ refused }) => count(refused)],
  ['  failed', ({ failed }) => count(failed)],
  ['resident after a sixth', ({ resident }) => mebibytes(resident[0])],
  ['  after a third', ({ resident }) => mebibytes(resident[1])],
  ['  at half time', ({ resident }) => mebibytes(resident[2])],
  ['  at the end', ({ resident }) => mebibytes(resident.at(-1))],
  ['  some time after the load', ({ after }) => mebibytes(after.resident)],
  ['with requests when the last is gone', ({ live }) => bytesOrNone(live)],
];

/** What servers went through among clients of all kinds: a line for each figure, a column for each variant. */
export function formatEndurance(results) {
  return alignColumns([
    ['', ...results.map(({ variant }) => VARIANTS[variant])],
    ...ENDURANCE.map(([title, format]) => [title, ...results.map((result) => format?.(result) ?? '')]),
  ]);
}

/** What to think of figures that other programs had a part in; `null` where they had none. */
export function formatCaveat(cells) {
  const busy = Math.max(...cells.map(({ results }) => results[0].others));
  return busy > DISTURBING
    ? `Other programs used up to ${busy.toFixed(1)} CPUs meanwhile: this run says little about latencies.`
    : null;
}
