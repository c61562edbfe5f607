import { mebibytes, milliseconds, nanoseconds } from '../support/figures.mjs';
import { formatSize, VARIANTS } from './options.mjs';

// A drawing of its own, as the chart of the benchmarks is: bars in groups, each beside what it is compared with.
const WIDTH = 960;
const MARGIN = 24;
const LABELS = 110;
const BAR = 13;
const GAP = 3;
const GROUP_GAP = 14;
const TOP = 118;
const FIGURE = 70; // room for a figure behind the longest bar
const PANELS = [
  { title: 'CPU per request', read: ({ cpu }) => cpu, format: milliseconds },
  { title: 'latency at p99', read: ({ latencies }) => latencies.p99, format: nanoseconds },
  { title: 'GC pauses per request', read: ({ gc }) => gc.perRequest, format: milliseconds },
  { title: 'resident after the load', read: ({ after }) => after.resident, format: mebibytes },
];

const STYLE = `
  text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #57606a; }
  .title { font-size: 16px; font-weight: 600; fill: #1f2328; }
  .head { font-size: 13px; font-weight: 600; fill: #1f2328; }
  .paper { fill: #ffffff; }
  .buffers { fill: #afb8c1; }
  .pool { fill: #0969da; }
  .arena { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    .title, .head { fill: #f0f6fc; }
    .paper { fill: #0d1117; }
    .buffers { fill: #4d5661; }
    .pool { fill: #4493f8; }
    .arena { fill: #3fb950; }
  }`;

/**
 * A panel for each question, with a group of bars for each size. The sizes differ a hundredfold, so the longest bar of each
 * group is as long as that of the others, and the figures stand beside them.
 *
 * @param {{ size: number, results: object[] }[]} cells
 * @returns {string} SVG that follows the reader's colour scheme.
 */
export function drawChart(cells) {
  const variants = cells[0].results.map(({ variant }) => variant);
  const group = variants.length * (BAR + GAP) + GROUP_GAP;
  const height = TOP + cells.length * group + MARGIN - GROUP_GAP;
  const panel = (WIDTH - MARGIN - LABELS) / PANELS.length;
  const marks = PANELS.flatMap(({ title, read, format }, column) => {
    const left = LABELS + column * panel;
    const bars = cells.flatMap(({ results }, row) => {
      const longest = Math.max(...results.map(read));
      return results.flatMap((result, line) => {
        const y = TOP + row * group + line * (BAR + GAP);
        const length = longest > 0 ? (read(result) / longest) * (panel - FIGURE) : 0;
        return [
          `<rect class="${result.variant}" x="${round(left)}" y="${y}" width="${round(Math.max(1, length))}" height="${BAR}" rx="2"/>`,
          text(left + length + 6, y + 11, format(read(result))),
        ];
      });
    });
    return [text(left, TOP - 12, title, 'head'), ...bars];
  });
  const sizes = cells.map(({ size }, row) =>
    text(MARGIN, TOP + row * group + (group - GROUP_GAP) / 2 + 3, formatSize(size), 'head'),
  );
  const legend = variants.flatMap((variant, i) => [
    `<rect class="${variant}" x="${MARGIN + i * 130}" y="66" width="12" height="12" rx="2"/>`,
    text(MARGIN + 18 + i * 130, 77, VARIANTS[variant]),
  ]);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Pictures behind HTTP</title>
<style>${STYLE}
</style>
<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>
${text(MARGIN, 34, 'Pictures behind HTTP', 'title')}
${text(MARGIN, 54, 'What a server takes that softens pictures, by their size: shorter is better.')}
${[...legend, ...sizes, ...marks].join('\n')}
</svg>
`;
}

function text(x, y, content, style = '') {
  return `<text class="${style}" x="${round(x)}" y="${round(y)}">${content}</text>`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
