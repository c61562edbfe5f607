import { formatAmount, formatRatio } from './report.mjs';

const HEADER = ['work', 'offheap', 'best', 'reference', 'its time', 'ratio', 'budget', ''];
const RIGHT = new Set([1, 2, 4, 5]);

/** As text, in aligned columns, with a heading per question. */
export function formatTable(answers) {
  const lines = answers.map(({ rows }) => rows.flatMap(cells));
  const all = [HEADER, ...lines.flat()];
  const widths = HEADER.map((_, column) => Math.max(...all.map((line) => line[column].length)));
  const format = (line) =>
    line
      .map((cell, column) => (RIGHT.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  const blocks = answers.map(({ question }, i) => `${question}\n${lines[i].map(format).join('\n')}`);
  return `${format(HEADER)}\n\n${blocks.join('\n\n')}`;
}

/** As one table in Markdown for each question. */
export function formatMarkdown(answers) {
  return answers
    .map(({ question, rows }) => {
      const rule = HEADER.map((_, column) => (RIGHT.has(column) ? '--:' : '---'));
      const lines = [HEADER, rule, ...rows.flatMap(cells)];
      return `**${question}**\n\n${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}`;
    })
    .join('\n\n');
}

/**
 * As one table in Markdown for each question, with a line for offheap and for each of its references, and a column for each work: the
 * figure, and how many times that of offheap it is.
 */
export function formatAlternatives(answers) {
  return answers
    .map(({ question, rows }) => {
      const names = new Set(rows.flatMap(({ references }) => references.map(({ name }) => name)));
      const lines = [
        [question, ...rows.map(({ work }) => work)],
        ['---', ...rows.map(() => '--:')],
        ['**offheap**', ...rows.map(({ offheap, unit }) => `**${formatAmount(offheap.median, unit)}**`)],
        ...[...names].map((name) => [name, ...rows.map((row) => besideOffheap(row, name))]),
      ];
      return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
    })
    .join('\n\n');
}

function besideOffheap({ unit, offheap, references }, name) {
  const figure = references.find((reference) => reference.name === name)?.figure;
  if (figure === undefined) {
    return '';
  }
  const times = Number((figure.median / offheap.median).toPrecision(2)).toLocaleString('en');
  return `${formatAmount(figure.median, unit)} (${times} ×)`;
}

/** A line for the work and its first reference and budget, and one for each further reference or budget. */
function cells({ work, unit, offheap, references, budgets }) {
  const count = Math.max(1, references.length, budgets.length);
  return Array.from({ length: count }, (_, i) => {
    const own = i === 0 ? [work, formatAmount(offheap.median, unit), formatAmount(offheap.best, unit)] : ['', '', ''];
    const reference = references[i];
    const other = reference
      ? [
          reference.name,
          formatAmount(reference.figure.median, unit),
          reference.figure.median > 0 ? formatRatio(offheap.median / reference.figure.median) : '–',
        ]
      : ['', '', ''];
    const budget = budgets[i] ? [budgets[i].text, budgets[i].met ? '✓' : '✗'] : ['', ''];
    return [...own, ...other, ...budget];
  });
}
