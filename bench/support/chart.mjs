import { formatAmount } from './report.mjs';

// A drawing of its own, since no chart library draws bars on a logarithmic scale without a browser, and it is a page.
const WIDTH = 960;
const MARGIN = 24;
const LABELS = 330; // room for names, left of the bars
const VALUES = 80; // and for figures, right of them
const BAR = 13;
const GAP = 4;
const GROUP_GAP = 12;
const QUESTION_GAP = 22;
const TOP = 84;
const AXIS = 26;

const STYLE = `
  text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #57606a; }
  .title { font-size: 16px; font-weight: 600; fill: #1f2328; }
  .question { font-size: 13px; font-weight: 600; fill: #1f2328; }
  .own { fill: #1f2328; }
  .paper { fill: #ffffff; }
  .grid { stroke: #d8dee4; }
  .offheap { fill: #0969da; }
  .other { fill: #afb8c1; }
  .met { stroke: #1a7f37; }
  .missed { stroke: #cf222e; }
  .met, .missed { stroke-width: 2.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    .title, .question, .own { fill: #f0f6fc; }
    .paper { fill: #0d1117; }
    .grid { stroke: #2a313c; }
    .offheap { fill: #4493f8; }
    .other { fill: #4d5661; }
    .met { stroke: #3fb950; }
    .missed { stroke: #f85149; }
  }`;

/**
 * Horizontal bars on a logarithmic scale: for each row its own time, those of its references, and the budget.
 *
 * @param {string} title
 * @param {{ question: string, rows: import('./report.mjs').Row[] }[]} answers What is not a time is left out.
 * @returns {string} SVG that follows the reader's colour scheme.
 */
export function drawChart(title, answers) {
  const questions = answers
    .map(({ question, rows }) => ({ question, rows: rows.filter(({ unit }) => unit === 'ns') }))
    .filter(({ rows }) => rows.length > 0);
  const times = questions.flatMap(({ rows }) =>
    rows.flatMap((row) => [row.offheap.median, ...row.references.map(({ figure }) => figure.median)]),
  );
  const first = Math.floor(Math.log10(Math.min(...times.filter((time) => time > 0))));
  const last = Math.ceil(Math.log10(Math.max(...times)));
  const scale = (ns) => ((WIDTH - LABELS - VALUES - MARGIN) * (Math.log10(ns) - first)) / (last - first);

  const marks = [];
  let y = TOP;
  for (const { question, rows } of questions) {
    y += QUESTION_GAP;
    marks.push(text(MARGIN, y, question, 'question'));
    y += 12;
    for (const { work, offheap, references, budgets } of rows) {
      const limits = budgets.filter(({ limit }) => limit !== undefined);
      const top = y;
      for (const { name, figure, own } of [{ name: work, figure: offheap, own: true }, ...references]) {
        const length = figure.median > 0 ? Math.max(1, scale(figure.median)) : 1;
        // A figure makes way for the mark of a budget.
        const mark = own
          ? limits.map(({ limit }) => scale(limit)).find((x) => x > length - 4 && x < length + 60)
          : undefined;
        marks.push(
          text(LABELS - 10, y + 11, name, own ? 'own' : undefined, 'end'),
          `<rect class="${own ? 'offheap' : 'other'}" x="${LABELS}" y="${y}" width="${round(length)}" height="${BAR}" rx="2"/>`,
          text(LABELS + (mark ?? length) + 8, y + 11, formatAmount(figure.median, 'ns'), own ? 'own' : undefined),
        );
        y += BAR + GAP;
      }
      for (const { limit, met } of limits) {
        marks.push(line(LABELS + scale(limit), top - 3, top + BAR + 3, met ? 'met' : 'missed'));
      }
      y += GROUP_GAP;
    }
  }
  const height = y + AXIS;

  const grid = [];
  for (let power = first; power <= last; power++) {
    const x = LABELS + scale(10 ** power);
    const name = formatAmount(10 ** power, 'ns', { round: true });
    grid.push(
      line(x, TOP, y, 'grid'),
      text(x, TOP - 6, name, undefined, 'middle'),
      text(x, y + 16, name, undefined, 'middle'),
    );
  }

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escape(title)}</title>
<style>${STYLE}
</style>
<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>
${text(MARGIN, 34, title, 'title')}
${text(MARGIN, 54, 'Median time of one operation on a logarithmic scale: shorter is better, and each line to the right is ten times longer.')}
${legend()}
${grid.join('\n')}
${marks.join('\n')}
</svg>
`;
}

function legend() {
  const y = 20;
  const x = WIDTH - 356;
  return [
    `<rect class="offheap" x="${x}" y="${y + 3}" width="12" height="12" rx="2"/>`,
    text(x + 18, y + 14, 'offheap'),
    `<rect class="other" x="${x + 80}" y="${y + 3}" width="12" height="12" rx="2"/>`,
    text(x + 98, y + 14, 'reference'),
    line(x + 178, y, y + 18, 'met'),
    text(x + 186, y + 14, 'budget met'),
    line(x + 272, y, y + 18, 'missed'),
    text(x + 280, y + 14, 'missed'),
  ].join('\n');
}

function text(x, y, content, style, anchor) {
  const attributes = `${style ? ` class="${style}"` : ''}${anchor ? ` text-anchor="${anchor}"` : ''}`;
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escape(content)}</text>`;
}

function line(x, from, to, style) {
  return `<line class="${style}" x1="${round(x)}" y1="${round(from)}" x2="${round(x)}" y2="${round(to)}"/>`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function escape(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
