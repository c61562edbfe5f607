import { mebibytes, milliseconds, nanoseconds } from '../support/figures.mjs';

// Not the chart of the benchmarks, which has a bar for each contender: the shape of a distribution shows in a line.
const WIDTH = 760;
const MARGIN = 24;
const LEFT = 80; // of the drawing
const RIGHT = WIDTH - 60;
const TOP = 84;
const HEIGHT = 270;
const CAPTION = 20;
const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9', 'max'];

const STYLE = `
  text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #57606a; }
  .title { font-size: 16px; font-weight: 600; fill: #1f2328; }
  .paper { fill: #ffffff; }
  .grid { stroke: #d8dee4; }
  path { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
  .line0 { stroke: #0969da; } .dot0 { fill: #0969da; }
  .line1 { stroke: #bc4c00; } .dot1 { fill: #bc4c00; }
  .line2 { stroke: #8250df; stroke-dasharray: 6 4; } .dot2 { fill: #8250df; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    .title { fill: #f0f6fc; }
    .paper { fill: #0d1117; }
    .grid { stroke: #2a313c; }
    .line0 { stroke: #4493f8; } .dot0 { fill: #4493f8; }
    .line1 { stroke: #f0883e; } .dot1 { fill: #f0883e; }
    .line2 { stroke: #ab7df8; } .dot2 { fill: #ab7df8; }
  }`;

/** Latencies by percentile on a logarithmic scale, a line for each variant, as SVG in the reader's colour scheme. */
export function drawChart(title, results) {
  const all = results.flatMap(({ latencies }) => PERCENTILES.map((name) => latencies[name]));
  const first = Math.floor(Math.log10(Math.min(...all)));
  const last = Math.ceil(Math.log10(Math.max(...all)));
  const x = (i) => LEFT + 40 + (i * (RIGHT - LEFT - 80)) / (PERCENTILES.length - 1);
  const y = (ns) => TOP + HEIGHT * (1 - (Math.log10(ns) - first) / (last - first));

  const marks = [];
  for (let power = first; power <= last; power++) {
    const at = y(10 ** power);
    marks.push(`<line class="grid" x1="${LEFT}" y1="${round(at)}" x2="${RIGHT}" y2="${round(at)}"/>`);
    marks.push(text(LEFT - 8, at + 4, nanoseconds(10 ** power).replace(/\.0+ /, ' '), 'end'));
  }
  PERCENTILES.forEach((name, i) => marks.push(text(x(i), TOP + HEIGHT + 20, name, 'middle')));

  results.forEach(({ latencies }, line) => {
    const points = PERCENTILES.map((name, i) => [round(x(i)), round(y(latencies[name]))]);
    marks.push(`<path class="line${line}" d="M${points.map((point) => point.join(' ')).join('L')}"/>`);
    marks.push(...points.map(([cx, cy]) => `<circle class="dot${line}" cx="${cx}" cy="${cy}" r="4"/>`));
  });
  PERCENTILES.forEach((name, i) => marks.push(...figures(results, name, x(i), y)));

  const captions = results.map((result, line) => caption(result, line, TOP + HEIGHT + 52 + line * CAPTION));
  const height = TOP + HEIGHT + 52 + results.length * CAPTION;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${title}</title>
<style>${STYLE}
</style>
<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>
${text(MARGIN, 34, title, 'start', 'title')}
${text(MARGIN, 54, 'How long a request took, by percentile, on a logarithmic scale: lower is better.')}
${[...marks, ...captions].join('\n')}
</svg>
`;
}

/** The figures at one percentile: the highest above its point, and below theirs the others that are not too close. */
function figures(results, name, x, y) {
  const values = results.map(({ latencies }) => latencies[name]).sort((a, b) => b - a);
  const lowest = values.at(-1);
  const highest = text(x, y(values[0]) - 10, nanoseconds(values[0]), 'middle');
  return y(lowest) - y(values[0]) < 4 ? [highest] : [highest, text(x, y(lowest) + 20, nanoseconds(lowest), 'middle')];
}

function caption({ title, resident, gc }, line, y) {
  const pauses = `${gc.count} garbage collections, ${milliseconds(gc.total)} in all, the longest ${milliseconds(gc.longest)}`;
  return [
    `<circle class="dot${line}" cx="${MARGIN + 5}" cy="${y - 4}" r="5"/>`,
    text(MARGIN + 18, y, `${title}: ${mebibytes(resident.end)} resident; ${pauses}`),
  ].join('\n');
}

function text(x, y, content, anchor = 'start', style = '') {
  return `<text class="${style}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
